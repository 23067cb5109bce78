import type { Member } from '../../../api/objects.ts'

/** What stands behind the last `@` before the caret, while it may still become a name. Null: nobody is being named. */
export function mentionBefore(text: string, caret: number): { from: number; typed: string } | null {
  const found = /(?:^|[\s(])@([^\s@][^@\n]{0,40})?$/.exec(text.slice(0, caret))
  if (!found) return null
  const typed = found[1] ?? ''
  return { from: caret - typed.length - 1, typed }
}

/** Members whose name, or one of its words, begins with what was typed. */
export function suggestMembers(members: readonly Member[], typed: string): Member[] {
  const wanted = typed.toLowerCase()
  return members
    .filter(({ name, removed }) => {
      const lower = name.toLowerCase()
      return !removed && (lower.startsWith(wanted) || lower.split(/\s+/).some((word) => word.startsWith(wanted)))
    })
    .slice(0, 8)
}

/** The members whose `@Name` stands in a text; of two names of which one begins the other, the longer is meant. */
export function mentionedIn(text: string, members: readonly Member[]): string[] {
  return [...new Set(splitMentions(text, members).flatMap(({ member }) => member?.id ?? []))]
}

export interface Piece {
  text: string
  member?: Member
}

/** A text in pieces, names of members apart. */
export function splitMentions(text: string, members: readonly Member[]): Piece[] {
  const byLength = members.toSorted((a, b) => b.name.length - a.name.length)
  const pieces: Piece[] = []
  let plain = ''
  let at = 0
  while (at < text.length) {
    const member = text[at] === '@' ? byLength.find(({ name }) => text.startsWith(name, at + 1)) : undefined
    if (!member) {
      plain += text[at]
      at += 1
      continue
    }
    if (plain !== '') pieces.push({ text: plain })
    plain = ''
    pieces.push({ text: `@${member.name}`, member })
    at += member.name.length + 1
  }
  return plain === '' ? pieces : [...pieces, { text: plain }]
}
