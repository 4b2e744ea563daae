"""Plain values as YAML, as a draft writes them."""

from __future__ import annotations

import io
from typing import Any


def yaml_text(content: dict[str, Any]) -> str:
    """The content as YAML 1.2 in the order given, without anchors."""
    from ruamel.yaml import YAML

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.allow_unicode = True
    writer.width = 110
    writer.representer.ignore_aliases = lambda _data: True
    stream = io.StringIO()
    writer.dump(content, stream)
    return stream.getvalue()
