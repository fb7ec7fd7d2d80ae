"""The signs that the model knows, each with its number, as in the configuration of Kokoro-82M (Apache-2.0)."""

from __future__ import annotations

_BLOCKS = {
    1: ";:,.!?", 9: '—…"()“” ̃ʣʥʦʨᵝꭧAI', 31: "O", 33: "Q", 35: "ST", 39: "W", 41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕç", 80: "ɖðʤə", 85: "ɚɛɜ", 90: "ɟ", 92: "ɡ", 99: "ɥ", 101: "ɨɪʝ", 110: "ɯɰŋɳɲɴø", 118: "ɸθœ", 123: "ɹ",
    125: "ɾɻ", 128: "ʁɽʂʃʈʧ", 135: "ʊʋ", 138: "ʌɣɤ", 142: "χʎ", 147: "ʒʔ", 156: "ˈˌː", 162: "ʰ", 164: "ʲ", 169: "↓",
    171: "→↗↘", 177: "ᵻ",
}  # fmt: skip

#: Sign → number. What is not in it is left out.
VOCABULARY = {sign: first + index for first, block in _BLOCKS.items() for index, sign in enumerate(block)}

#: Signs that stand for no sound by themselves.
SILENT = frozenset(';:,.!?—…"()“” ')
