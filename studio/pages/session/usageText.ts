import type { Usage } from '@shared/domain/objects'

/** Tokens and cost in a few words: "1,203 tokens · $0.0021". */
export function usageText({ inputTokens, outputTokens, costUsd }: Usage): string {
  const tokens = (inputTokens ?? 0) + (outputTokens ?? 0)
  const parts = []
  if (tokens > 0) parts.push(`${tokens.toLocaleString('en')} tokens`)
  if (costUsd !== undefined) parts.push(costText(costUsd))
  return parts.join(' · ')
}

/** Small costs keep two digits that count. */
export function costText(usd: number): string {
  if (usd === 0 || usd >= 0.01) return `$${usd.toFixed(2)}`
  return `$${Number(usd.toPrecision(2))}`
}
