"""Does a network that looks at every place at once pay? Attention over all places, beside and in the blend.

Run from the repository's root, with the flags of ``haechi train traffic``:
``python -m experiments.traffic.attention --data FILE [--run FILE.toml] [--width 128] [--heads 4] [--blocks 2]
[--epochs 10]``; some ten minutes on two cores. It prints what each member and each blend errs on validation, and what
the attention costs. Nothing at or after the test interval is read.

Each place is a token that carries the features of the residual network. Places attend to each other (Vaswani et al.
2017) by what they carry and by an adjacency that is learned from an embedding of each place (Wu et al. 2019, 'Graph
WaveNet'), and start from those that err alike. On a GPU it trains there, in bfloat16.
"""

import argparse
import sys
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
import typer
from rich.progress import Progress
from torch import Tensor, nn

import haechi
from features.console import progress
from features.series import FloatArray
from features.traffic.state import TrafficState, fresh
from training.options import called_as, train_options
from training.traffic.blend import choose_weights
from training.traffic.fit import fit
from training.traffic.job import read_job
from training.traffic.known import Past
from training.traffic.members import fit_members
from training.traffic.network import ResidualNetwork
from training.traffic.relations import with_relations
from training.traffic.run import TrainingJob
from training.traffic.sample import Sample, gather
from training.traffic.select import choose_ridge, folds, train_sums, warmup_rows

LEARNING_RATE, WEIGHT_DECAY, DROPOUT, CODE_WIDTH, CITIES_A_BATCH = 2e-3, 0.1, 0.5, 8, 8
NAME = "attention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of the network."""

    width: int
    heads: int
    blocks: int
    epochs: int


class Attention(nn.Module):
    """Places as tokens; corrections in typical errors, (city, place, step)."""

    def __init__(self, features: int, places: int, slots: int, steps: int, size: Size, alike: Tensor) -> None:
        super().__init__()
        self.enter = nn.Linear(features, size.width)
        self.place, self.slot = nn.Embedding(places, CODE_WIDTH), nn.Embedding(slots, CODE_WIDTH)
        self.mix = nn.Linear(size.width + 2 * CODE_WIDTH, size.width)
        self.blocks = nn.ModuleList(_Block(size, places, alike) for _ in range(size.blocks))
        self.thin = nn.Dropout(DROPOUT / 2)
        self.correct = nn.Linear(size.width, steps)
        nn.init.zeros_(self.correct.weight)
        nn.init.zeros_(self.correct.bias)

    def forward(self, features: Tensor, slot: Tensor) -> Tensor:
        """From (city, place, feature) and the slot of the day of each city, (city,)."""
        cities, places, _ = features.shape
        codes = self.thin(self.place.weight).expand(cities, -1, -1)
        when = self.thin(self.slot(slot)).unsqueeze(1).expand(-1, places, -1)
        hidden = self.mix(torch.relu(torch.cat((self.enter(self.thin(features)), codes, when), dim=2)))
        for block in self.blocks:
            hidden = block(hidden)
        return self.correct(hidden)


class _Block(nn.Module):
    def __init__(self, size: Size, places: int, alike: Tensor) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm, self.after = nn.LayerNorm(size.width), nn.LayerNorm(size.width)
        self.ask, self.give = nn.Linear(size.width, 3 * size.width), nn.Linear(size.width, size.width)
        self.source = nn.Parameter(torch.randn(size.heads, places, CODE_WIDTH) * 0.3)
        self.target = nn.Parameter(torch.randn(size.heads, places, CODE_WIDTH) * 0.3)
        self.inner, self.outer = nn.Linear(size.width, size.width), nn.Linear(size.width, size.width)
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("alike", alike)

    def forward(self, hidden: Tensor) -> Tensor:
        cities, places, width = hidden.shape
        asked = self.ask(self.norm(hidden)).view(cities, places, 3, self.heads, width // self.heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        adjacency = torch.relu(self.source @ self.target.transpose(1, 2)) + self.alike
        found = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=adjacency.to(query.dtype))
        hidden = hidden + self.dropout(self.give(found.transpose(1, 2).reshape(cities, places, width)))
        return hidden + self.dropout(self.outer(torch.relu(self.inner(self.after(hidden)))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cities:
    """The rows of a sample, whole cities: (city, place, ...)."""

    features: Tensor
    profile: Tensor
    typical: Tensor
    measured: Tensor
    slot: Tensor

    @classmethod
    def of(cls, sample: Sample, job: TrainingJob, seen: np.ndarray) -> "Cities":
        """Features centred on the rows ``seen``; a place without a profile has zeros, and no target."""
        network = ResidualNetwork(job.config, job.recipe, len(job.panel.entities))
        with torch.inference_mode():
            every = np.arange(len(sample.ends), dtype=np.int64)
            made = torch.cat([network.features(sample.rows(some)) for some in sample.batches(every, 8192)]).clone()
        centre, deviation = made[seen].mean(dim=0), made[seen].std(dim=0).clamp(min=1e-3)
        places = len(job.panel.entities)
        profile = sample.inputs["profile"]
        return cls(
            features=torch.nan_to_num((made - centre) / deviation).view(-1, places, made.shape[1]),
            profile=torch.nan_to_num(profile).view(-1, places, profile.shape[1]),
            typical=sample.inputs["typical_error"].view(-1, places, 1),
            measured=torch.where(torch.isnan(profile), torch.nan, sample.measured).view(-1, places, profile.shape[1]),
            slot=sample.inputs["clock"].view(-1, places, 2)[:, 0, 0],
        )


def main() -> None:
    """Fit the members and the attention on train, judge all on validation, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("width", 128), ("heads", 4), ("blocks", 2), ("epochs", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    own, words = parser.parse_known_args()
    train = typer.main.get_command(haechi.app).commands["train"]  # type: ignore[attr-defined]  # it is a group
    context, flags = called_as(train, ["traffic", *words])
    job = read_job(train_options(context, flags, context.params["run"], context.params["assignments"] or ()))
    size = Size(width=own.width, heads=own.heads, blocks=own.blocks, epochs=own.epochs)
    torch.manual_seed(job.seed)
    with progress() as bar:
        _run(job, size, bar)


def _run(job: TrainingJob, size: Size, bar: Progress) -> None:
    split, config, write = job.split, job.config, sys.stdout.write
    panel = Past.of(job.panel, config).known(job.panel.start, split.test)
    warmup = warmup_rows(split, config)
    start = with_relations(fresh(panel.entities, panel.start, config), panel, split.validation, config, job.seed, bar)
    parts = folds(panel, start, warmup, split, config, bar)
    linear = fit(train_sums(parts), config, choose_ridge(parts, config, job.ridges)[0])
    sample = gather(panel, start, warmup, split.test, config, bar)
    rows = ((0, split.validation), (split.validation, split.test))
    seen, judged = (sample.within(*some, config.horizon_steps) for some in rows)
    measured = sample.measured[torch.from_numpy(judged)].numpy()
    began = perf_counter()
    members = fit_members(linear, sample, seen, config, job.recipe, job.seed, bar)
    others_s = perf_counter() - began
    medians = members.medians(sample, judged)
    began = perf_counter()
    network, forecast = _fitted(Cities.of(sample, job, seen), sample, job, size, start, bar)
    own_s = perf_counter() - began
    write("| model | validation MAE | shares | seconds |\n| --- | --- | --- | --- |\n")
    for name, found in (medians | {NAME: forecast[judged]}).items():
        write(f"| {name} | {np.nanmean(np.abs(found - measured)):.3f} | | |\n")
    for name, some, took_s in (
        ("blend", medians, others_s),
        (f"blend with {NAME}", medians | {NAME: forecast[judged]}, others_s + own_s),
    ):
        chosen = choose_weights(some, measured)
        shares = ", ".join(f"{member} {share:.0%}" for member, share in chosen.shares.items())
        write(f"| {name} | {chosen.validation_mae:.3f} | {shares} | {took_s:.0f} |\n")
    parameters = sum(each.numel() for each in network.parameters())
    write(f"\n{NAME}: {parameters:,} parameters, {size}, {own_s / size.epochs:.1f} s an epoch\n")


def _fitted(
    cities: Cities, sample: Sample, job: TrainingJob, size: Size, start: TrafficState, bar: Progress
) -> tuple[Attention, FloatArray]:
    """The network fitted on what lies before validation, and its medians of every row."""
    steps, places = job.config.horizon_steps, len(job.panel.entities)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Attention(cities.features.shape[2], places, job.config.steps_per_day, steps, size, _alike(start)).to(
        device
    )
    train = np.flatnonzero(sample.ends.reshape(-1, places)[:, 0] <= job.split.validation)
    batches = len(train) // CITIES_A_BATCH
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=size.epochs * batches)
    chance = np.random.default_rng(job.seed)
    for _ in bar.track(range(size.epochs), description=f"training the {NAME}"):
        for some in np.array_split(chance.permutation(train), batches):
            loss = _loss(network, cities, torch.from_numpy(some), device)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        every = torch.arange(len(cities.slot)).split(CITIES_A_BATCH)
        found = torch.cat([_median(network, cities, some, device).float().cpu() for some in every])
    return network, found.flatten(0, 1).numpy()


def _median(network: Attention, cities: Cities, some: Tensor, device: torch.device) -> Tensor:
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        correction = network(cities.features[some].to(device), cities.slot[some].to(device))
    return cities.profile[some].to(device) + correction.float() * cities.typical[some].to(device)


def _loss(network: Attention, cities: Cities, some: Tensor, device: torch.device) -> Tensor:
    measured = cities.measured[some].to(device)
    known = ~torch.isnan(measured)
    off = torch.where(known, torch.nan_to_num(measured) - _median(network, cities, some, device), 0.0)
    return off.abs().sum() / (known.sum().clamp(min=1) * cities.typical[some].mean())


def _alike(start: TrafficState) -> Tensor:
    """(place, place), what attention starts from: the correlation of those that err alike, zero elsewhere."""
    found = np.zeros((len(start.entities), len(start.entities)), dtype=np.float32)
    known = ~np.isnan(start.neighbour)
    column = np.broadcast_to(np.arange(len(start.entities)), known.shape)[known]
    found[column, start.neighbour[known].astype(int)] = start.neighbour_weight[known]
    return torch.from_numpy(found)


if __name__ == "__main__":
    main()
