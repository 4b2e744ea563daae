# Values of mixed models by R for the made-up data sets of mixed_models.csv.
# Rscript mixed_models.R   (R 4.2.2; nlme 3.1-162, lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2, emmeans 1.8.4)
suppressMessages({library(nlme); library(lmerTest); library(pbkrtest); library(emmeans)})
data <- read.csv("mixed_models.csv", stringsAsFactors = FALSE)
rows <- list()
add <- function(case, covariance, method, what, name, value) {
  rows[[length(rows) + 1]] <<- data.frame(case, covariance, method, what, name, value = sprintf("%.10g", value))
}
control <- glsControl(maxIter = 300, msMaxIter = 1000, tolerance = 1e-10, opt = "nlminb")
structures <- list(
  UN = list(corSymm(form = ~ as.integer(visit) | id), varIdent(form = ~ 1 | visit)),
  CS = list(corCompSymm(form = ~ 1 | id), NULL),
  CSH = list(corCompSymm(form = ~ 1 | id), varIdent(form = ~ 1 | visit)),
  AR1 = list(corAR1(form = ~ place | id), NULL),
  ARH1 = list(corAR1(form = ~ place | id), varIdent(form = ~ 1 | visit)))
for (case in unique(data$case)) {
  x <- data[data$case == case, ]
  fixed <- as.formula(paste("y ~", x$fixed[1]))
  x <- x[complete.cases(x[, all.vars(fixed)]), ]
  x$place <- x$visit
  for (name in c("visit", "arm", "sex")) x[[name]] <- factor(x[[name]])
  if (nlevels(x$arm) > 1) x$arm <- relevel(x$arm, "armC")
  x <- x[order(x$id, x$place), ]
  for (kind in names(structures)) {
    fit <- tryCatch(gls(fixed, x, correlation = structures[[kind]][[1]], weights = structures[[kind]][[2]],
                        control = control), error = function(e) NULL)
    if (is.null(fit)) next
    if (kind == "CS") best <- as.numeric(logLik(fit))
    add(case, kind, "REML", "m2ll", "", -2 * as.numeric(logLik(fit)))
    table <- summary(fit)$tTable
    for (row in rownames(table)) {
      add(case, kind, "REML", "estimate", row, table[row, 1])
      add(case, kind, "REML", "se", row, table[row, 2])
    }
  }
  fit <- suppressMessages(lmer(update(fixed, . ~ . + (1 | id)), x, control = lmerControl(optimizer = "bobyqa")))
  # A random intercept has no negative correlation: where that is the maximum, lmer has another answer.
  if (isSingular(fit) || as.numeric(logLik(fit)) < best - 1e-4) next
  for (df in c("Satterthwaite", "Kenward-Roger")) {
    table <- coef(summary(fit, ddf = df))
    for (row in rownames(table)) for (k in 1:3)
      add(case, "CS", df, c("estimate", "se", "df")[k], row, table[row, k])
    tests <- anova(fit, ddf = df, type = 3)
    for (row in rownames(tests)) {
      add(case, "CS", df, "f", row, tests[row, "F value"])
      add(case, "CS", df, "f_df", row, tests[row, "DenDF"])
    }
    grid <- as.data.frame(suppressMessages(
      emmeans(fit, if ("arm" %in% all.vars(fixed)) ~ arm | visit else ~ visit, lmer.df = tolower(df))))
    for (k in seq_len(nrow(grid))) {
      cell <- paste(c(if ("arm" %in% names(grid)) as.character(grid$arm[k]), as.character(grid$visit[k])), collapse = " ")
      add(case, "CS", df, "mean", cell, grid$emmean[k])
      add(case, "CS", df, "mean_se", cell, grid$SE[k])
      add(case, "CS", df, "mean_df", cell, grid$df[k])
    }
  }
}
write.csv(do.call(rbind, rows), "mixed_models_expected.csv", row.names = FALSE, quote = FALSE)
