"""The forward pass for training, on the transformers modules' own weights.

Same mathematics as `Gemma4ForConditionalGeneration` (`compare.py` checks it), arranged for one CPU thread: the conv
stem without im2col and with its first LayerNorm folded into a 9x9 form, K/V-shared layers only where logits are read.
Does not know tokens, losses or data.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  as everybody writes it
from torch import Tensor, nn

CHUNK, PAST, EPS = 12, 12, 1e-6


class _Rms(torch.autograd.Function):
    """RMS norm in bfloat16 with its own backward: half the CPU time of the composite one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = (norm * norm / x.shape[-1] + EPS).rsqrt_().to(x.dtype)
        unit = x * scale
        ctx.save_for_backward(unit, scale, weight)
        return unit * weight.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        unit, scale, weight = ctx.saved_tensors
        w = weight.to(grad.dtype)
        product = grad * unit
        along = (product @ w[:, None]) / unit.shape[-1]
        return (grad * w - unit * along) * scale, product.flatten(0, -2).sum(0, dtype=torch.float32)


def rms(x: Tensor, weight: Tensor | None) -> Tensor:
    """Divide by the root mean square; None: no weight."""
    if x.dtype == torch.bfloat16 and weight is not None:
        return _Rms.apply(x, weight)
    f = x.float()
    f = f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + EPS)
    return (f if weight is None else f * weight).to(x.dtype)


class Ear(nn.Module):
    """mel [B, T, 128] -> conformer states [B, ceil(T/4), D] and soft tokens [B, ceil(T/4), text width]."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.tower = model.model.audio_tower
        self.embed = model.model.embed_audio
        c = self.tower.config
        self.heads, self.width = c.num_attention_heads, c.hidden_size
        self.head = self.width // self.heads
        t = torch.arange(CHUNK)[:, None] - torch.arange(CHUNK + PAST)[None] + PAST  # how far back each key lies
        self.register_buffer("near", (t >= 0) & (t < PAST), persistent=False)
        steps = torch.arange(self.width // 2) * -(math.log(10000.0) / max(self.width // 2 - 1, 1))
        angle = torch.arange(PAST, -1, -1)[:, None] * torch.exp(steps)
        self.register_buffer("sinusoids", torch.cat([angle.sin(), angle.cos()], -1), persistent=False)

    def stem(self, mel: Tensor) -> Tensor:
        """Mel -> [B, ceil(T/4), D]: two convolutions of stride 2."""
        p = self.tower.subsample_conv_projection
        b, t, m = mel.shape
        t4 = (t + 3) // 4
        # Pad to whole output frames; what lies past the end of the first conv's output must be zero, not relu(norm(0))
        x = F.pad(mel, (1, 1, 1, 4 * t4 - t + 1))
        patches = x.unfold(1, 3, 2).unfold(2, 3, 2).reshape(b, 2 * t4, m // 2, 9)
        w = p.layer0.conv.weight.reshape(-1, 9)
        w = w - w.mean(0)
        spread = (patches @ (w.t() @ w / w.shape[0]) * patches).sum(-1, keepdim=True)
        patches = patches * torch.rsqrt(spread + EPS)
        w = (w * p.layer0.norm.weight[:, None]).t()
        v = p.layer1.conv.weight  # [out, 128, 3, 3]
        out = v.shape[0]
        total: Tensor | None = None
        t2 = (t + 1) // 2
        for pt in (0, 1):  # parity of the first conv's frame and bin: each meets only its own taps of the second conv
            rows = patches[:, pt::2]
            for pf in (0, 1):
                h = F.relu(rows[:, :, pf::2] @ w)
                taps = [(i, j) for i in ((1,) if pt == 0 else (0, 2)) for j in ((1,) if pf == 0 else (0, 2))]
                y = F.linear(h, torch.cat([v[:, :, i, j] for i, j in taps]))
                if pt == 1 and 2 * t4 > t2:
                    y = F.pad(y[:, : t4 - 1], (0, 0, 0, 0, 0, 1))
                for (i, j), tap in zip(taps, y.split(out, -1), strict=True):
                    part = tap
                    if i == 0:
                        part = F.pad(part[:, :-1], (0, 0, 0, 0, 1, 0))
                    if j == 0:
                        part = F.pad(part[:, :, :-1], (0, 0, 1, 0))
                    total = part if total is None else total + part
        assert total is not None
        y = F.layer_norm(total.float(), (out,), p.layer1.norm.weight, None, EPS).to(total.dtype)
        return F.linear(F.relu(y).reshape(b, t4, -1), p.input_proj_linear.weight)

    def feed(self, ff: Any, x: Tensor) -> Tensor:
        """Half a step of a feed-forward."""
        y = rms(x, ff.pre_layer_norm.weight)
        y = F.linear(F.silu(F.linear(y, ff.ffw_layer_1.linear.weight)), ff.ffw_layer_2.linear.weight)
        return x + 0.5 * rms(y, ff.post_layer_norm.weight)

    def attend(self, a: Any, x: Tensor, mask: Tensor) -> Tensor:
        """Attend to the last 12 frames in blocks of 12, with relative positions."""
        b, n, _ = x.shape
        blocks = mask.shape[1]
        w = torch.cat([a.q_proj.linear.weight, a.k_proj.linear.weight, a.v_proj.linear.weight])
        q, k, v = F.linear(x, w).view(b, n, 3, self.heads, self.head).permute(2, 0, 3, 1, 4).unbind(0)
        q = q * (self.head**-0.5 / math.log(2) * F.softplus(a.per_dim_scale)).to(q.dtype)
        pad = blocks * CHUNK - n
        q = F.pad(q, (0, 0, 0, pad)).reshape(b, self.heads, blocks, CHUNK, self.head)
        k = F.pad(k, (0, 0, PAST, pad)).unfold(2, CHUNK + PAST, CHUNK)  # [b, h, blocks, head, 24]
        v = F.pad(v, (0, 0, PAST, pad)).unfold(2, CHUNK + PAST, CHUNK)
        rel = F.linear(self.sinusoids, a.relative_k_proj.weight).view(PAST + 1, self.heads, self.head)
        near = q @ (k * (math.log(1 + math.e) / math.log(2)))
        far = torch.einsum("bhnqd,rhd->bhnqr", q, rel.to(q.dtype))
        far = F.pad(far, (0, CHUNK + PAST + 1 - far.shape[-1])).flatten(3)[..., : CHUNK * (CHUNK + PAST)]
        s = near + far.reshape(near.shape)
        s = torch.tanh(s.float() / 50.0) * 50.0
        s = s.masked_fill(~mask[:, None], -1e9).softmax(-1).to(v.dtype)
        y = (s @ v.transpose(-1, -2)).permute(0, 2, 3, 1, 4).reshape(b, blocks * CHUNK, self.width)[:, :n]
        return F.linear(y, a.post.linear.weight)

    def light(self, c: Any, x: Tensor) -> Tensor:
        """Causal depthwise convolution behind a gate."""
        y = F.glu(F.linear(rms(x, c.pre_layer_norm.weight), c.linear_start.linear.weight))
        w = c.depthwise_conv1d.weight[:, 0].to(y.dtype)
        n = y.shape[1]
        y = F.pad(y, (0, 0, w.shape[1] - 1, 0))
        y = sum(y[:, i : i + n] * w[:, i] for i in range(w.shape[1]))
        return x + F.linear(F.silu(rms(y, c.conv_norm.weight)), c.linear_end.linear.weight)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Right padding needs no mask: nothing looks ahead, except mel frame 4k+3 in token k (see batches.py)."""
        x = self.stem(mel)
        n = x.shape[1]
        blocks = -(-n // CHUNK)
        start = (torch.arange(blocks) * CHUNK)[:, None] + torch.arange(CHUNK + PAST)[None] - PAST
        mask = (self.near[None] & ((start >= 0) & (start < n))[:, None])[None]  # [1, blocks, 12, 24]
        for layer in self.tower.layers:
            x = self.feed(layer.feed_forward1, x)
            y = self.attend(layer.self_attn, rms(x, layer.norm_pre_attn.weight), mask)
            x = x + rms(y, layer.norm_post_attn.weight)
            x = self.feed(layer.feed_forward2, self.light(layer.lconv1d, x))
            x = rms(x, layer.norm_out.weight)
        y = F.linear(x, self.tower.output_proj.weight, self.tower.output_proj.bias)
        return x, F.linear(rms(y, None), self.embed.embedding_projection.weight)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """X [B, L, H, D] with cos, sin [B, L, 1, D]."""
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Mouth(nn.Module):
    """Token ids with soft tokens put in -> logits at the asked positions."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.text = model.model.language_model
        self.c = self.text.config
        self.first_shared = self.c.num_hidden_layers - self.c.num_kv_shared_layers

    def angles(self, kind: str, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosine and sine for rotary positions, [B, L, 1, head]."""
        f = positions[..., None].float() * getattr(self.text.rotary_emb, f"{kind}_inv_freq")
        f = torch.cat([f, f], -1)[:, :, None]
        return f.cos(), f.sin()

    def forward(self, ids: Tensor, soft: Tensor | None, where: Tensor | None, ask: Tensor) -> Tensor:
        """Ids [B, L]; soft rows [R, D] replace the rows of `where` (flat indices into B*L); ask [B, K] positions.

        Returns logits [B, K, V]. Positions past a row's end may be asked for: the caller ignores them.
        """
        b, n = ids.shape
        c, width, p = self.c, self.c.hidden_size, self.c.hidden_size_per_layer_input
        x = self.text.embed_tokens.weight[ids] * width**0.5
        if soft is not None and where is not None:
            x = x.flatten(0, 1).index_copy(0, where, soft.to(x.dtype)).view(b, n, width)
        per = F.linear(x, self.text.per_layer_model_projection.weight).float() * width**-0.5
        per = rms(per.view(b, n, -1, p), self.text.per_layer_projection_norm.weight)
        per = (per + self.text.embed_tokens_per_layer.weight[ids].view(b, n, -1, p) * p**0.5) * 2**-0.5
        positions = torch.arange(n).expand(b, n)
        masks: dict[str, Tensor] = {}
        kept: dict[str, tuple[Tensor, Tensor]] = {}
        for i, layer in enumerate(self.text.layers):
            if i == self.first_shared:  # from here on only the asked positions are computed
                rows = torch.arange(b)[:, None]
                x, per, positions = x[rows, ask], per[rows, ask], ask
                masks = {}
            kind = c.layer_types[i]
            if kind not in masks:
                back = positions[:, :, None] - torch.arange(n)
                masks[kind] = ((back >= 0) & (back < (c.sliding_window if kind[0] == "s" else n)))[:, None]
            cos, sin = self.angles(kind, positions)
            a = layer.self_attn
            y = rms(x, layer.input_layernorm.weight)
            q = rotate(
                rms(F.linear(y, a.q_proj.weight).unflatten(-1, (-1, a.head_dim)).float(), a.q_norm.weight), cos, sin
            )
            if i < self.first_shared:
                k = rms(F.linear(y, a.k_proj.weight).unflatten(-1, (-1, a.head_dim)).float(), a.k_norm.weight)
                v = rms(F.linear(y, a.v_proj.weight).unflatten(-1, (-1, a.head_dim)), None)
                kept[kind] = (rotate(k, cos, sin).to(v.dtype).transpose(1, 2), v.transpose(1, 2))
            k, v = kept[kind]
            s = q.to(v.dtype).transpose(1, 2) @ k.transpose(-1, -2)  # one K/V head for all query heads
            s = s.float().masked_fill(~masks[kind], -1e9).softmax(-1).to(v.dtype)
            y = F.linear((s @ v).transpose(1, 2).flatten(2), a.o_proj.weight)
            x = x + rms(y, layer.post_attention_layernorm.weight)
            y = rms(x, layer.pre_feedforward_layernorm.weight)
            y = F.gelu(F.linear(y, layer.mlp.gate_proj.weight), approximate="tanh") * F.linear(
                y, layer.mlp.up_proj.weight
            )
            x = x + rms(F.linear(y, layer.mlp.down_proj.weight), layer.post_feedforward_layernorm.weight)
            y = F.gelu(F.linear(x, layer.per_layer_input_gate.weight), approximate="tanh") * per[:, :, i].to(x.dtype)
            x = x + rms(F.linear(y, layer.per_layer_projection.weight), layer.post_per_layer_input_norm.weight)
        x = F.linear(rms(x, self.text.norm.weight), self.text.embed_tokens.weight).float()
        return torch.tanh(x / c.final_logit_softcapping) * c.final_logit_softcapping
