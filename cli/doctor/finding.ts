/** What was found about one part of an installation; `advice`: what to do about it. */
export interface Finding {
  subject: string
  level: 'ok' | 'warn' | 'bad'
  text: string
  advice?: string
}

export const ok = (subject: string, text: string): Finding => ({ subject, level: 'ok', text })
export const warn = (subject: string, text: string, advice: string): Finding => ({
  subject,
  level: 'warn',
  text,
  advice,
})
export const bad = (subject: string, text: string, advice: string): Finding => ({ subject, level: 'bad', text, advice })

/** An error in a few words, without addresses' passwords. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
  return (message || code || 'no reason given').replaceAll(/\/\/[^@/\s]*@/g, '//…@')
}

/** One line for each finding, and one below it with what to do. */
export function renderFindings(findings: readonly Finding[]): string {
  const marks = { ok: '  ok ', warn: 'WARN ', bad: ' BAD ' }
  return findings
    .map(
      ({ subject, level, text, advice }) => `${marks[level]} ${subject}: ${text}${advice ? `\n      ${advice}` : ''}`,
    )
    .join('\n')
}
