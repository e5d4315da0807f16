"""Names of chains, and of the tokens we are sure of: the wire gives numbers and addresses only (facts 6)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cardholders.models import Contract

CHAINS = {
    1: "Ethereum",
    10: "Optimism",
    56: "BNB Smart Chain",
    97: "BNB Smart Chain Testnet",
    137: "Polygon",
    300: "zkSync Sepolia",
    324: "zkSync",
    8453: "Base",
    42161: "Arbitrum One",
    43113: "Avalanche Fuji",
    43114: "Avalanche",
    80002: "Polygon Amoy",
    84532: "Base Sepolia",
    421614: "Arbitrum Sepolia",
    11155111: "Ethereum Sepolia",
    11155420: "Optimism Sepolia",
}
TOKENS = {
    (84532, "0x036cbd53842c5426634e7929541ec2318f3dcf7e"): "USDC",
    (8453, "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"): "USDC",
    (1, "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"): "USDC",
    (11155111, "0x1c7d4b196cb0c7b01d743fbc6116a902379c7238"): "USDC",
    (137, "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"): "USDC",
    (80002, "0x41e94eb019c0762f9bfcf9fb1e58725bfb0e7582"): "USDC",
    (42161, "0xaf88d065e77c8cc2239327c5edb3a432268e5831"): "USDC",
    (421614, "0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d"): "USDC",
    (10, "0x0b2c639c533813f4aa9d7837caf62653d097ff85"): "USDC",
}
# What collateral may be in: the tokens above, and the test token of the sandbox, whose symbol the wire never says.
EXPECTED_TOKENS = TOKENS.keys() | {(84532, "0x10b5be494c2962a7b318afb63f0ee30b959d000b")}


class Token(NamedTuple):
    """`symbol` is empty where the address is not one we know; `balance` is in whole tokens, as text, as sent."""

    symbol: str
    address: str
    balance: str | None


class Collateral(NamedTuple):
    contract: Contract
    chain: str
    tokens: list[Token]


def chain_name(chain_id: int | None) -> str:
    return CHAINS.get(chain_id or 0, "")


def tokens(contract: Contract) -> Iterator[Token]:
    held: list[dict[str, Any]] = contract.tokens
    for token in held:
        address = str(token.get("address") or "")
        yield Token(TOKENS.get((contract.chain_id or 0, address.lower()), ""), address, token.get("balance"))


def collateral(contracts: list[Contract]) -> list[Collateral]:
    return [Collateral(each, chain_name(each.chain_id), list(tokens(each))) for each in contracts]
