/**
 * Versions of agents: semver, with `-dev.N` counting the unpublished changes made after a version (so 1.2.0-dev.1 comes
 * after 1.2.0, other than in semver's own order of pre-releases).
 */
export interface Version {
  major: number
  minor: number
  patch: number
  dev: number
}

const VERSION = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(?:-dev\.([1-9]\d{0,8}))?$/

/** The parts of a version, or null when it isn't one. */
export function parseVersion(text: string): Version | null {
  const match = VERSION.exec(text)
  if (!match) return null
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]), dev: Number(match[4] ?? 0) }
}

const REPORTED = /^v?(0|[1-9]\d{0,8})\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+].*)?$/

/** The major of what an agent app says of its version, in any form of semver; null: it says something else. */
export function reportedMajor(text: string): number | null {
  const match = REPORTED.exec(text)
  return match ? Number(match[1]) : null
}

/** Negative, zero or positive as a comes before, with or after b. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || a.dev - b.dev
}

/** Which version a session's next run uses: the active one when compatible with its last, else its own. */
export function versionForRun(active: string, last: string | null): string {
  const activeParts = parseVersion(active)
  const lastParts = last === null ? null : parseVersion(last)
  if (last === null || !activeParts || !lastParts) return active
  const compatible = activeParts.major === lastParts.major && compareVersions(activeParts, lastParts) >= 0
  return compatible ? active : last
}

/** The next free `-dev.N` after a version string, given those that exist. */
export function nextDevVersion(version: string, existing: readonly string[]): string {
  const base = version.replace(/-dev\.\d+$/, '')
  const taken = existing
    .filter((other) => other.startsWith(`${base}-dev.`))
    .map((other) => parseVersion(other)?.dev ?? 0)
  return `${base}-dev.${Math.max(0, ...taken) + 1}`
}
