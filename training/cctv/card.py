"""The model card of a detector: what a person should know before trusting a version."""

from collections.abc import Sequence

from features.manifest import Manifest
from training.cctv.validate import Precision


def card(manifest: Manifest, found: Sequence[Precision], cpu_ms: float) -> str:
    """Markdown for ``CARD.md``.

    Args:
        manifest: of the version.
        found: its average precisions.
        cpu_ms: of a picture of 352 x 288 on one thread.
    """
    m = manifest
    label = "> **SIMULATED**: learned from rendered cameras alone.\n\n" if m.simulated else ""
    rows = "\n".join(f"| {one.on} | {one.of} | {one.ap50:.3f} | {one.truths} |" for one in found)
    return f"""# {m.name} version {m.version}

{label}Finds road users, and things on the road, in a camera's picture and its differences to a slow and a fast
background. {cpu_ms:.1f} CPU-ms a picture of 352 x 288.

## AP50, on cameras that nothing was learned from
| on | of | AP50 | to be found |
| --- | --- | --- | --- |
{rows}

Rendered ones are told exactly; of a real one a larger detector says what is there, and is wrong itself now and then.

## Learned from
{m.config["rendered_lessons"]} rendered pictures and {m.config["real_lessons"]} of {m.config["clips"]} real clips, code
`{m.git_commit or "unknown"}`, run `{m.mlflow_run or "not tracked: no MLflow"}`.

## How it works
A convolutional network without anchors answers at strides of 4, 8 and 16 pixels: a box and a score for each kind.
Several places may tell of one road user: whoever reads it suppresses the weaker ones. Scaling and the decoding of
boxes are in the graph.

## Know before use
- It sees small and distant road users by their motion: without the differences it misses more of them.
- Things left on the road, cyclists and people by night are mostly learned from rendered cameras.
- Height and width are multiples of 32; beside a smaller picture lies grey 114, and 0 in the differences.
"""
