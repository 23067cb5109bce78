/** Where in a session a person looks; stands in the address. */
export interface SessionPlace {
  /** The item that a link points at. */
  item?: string
  panel?: Panel
}

export const PANELS = ['details', 'runs', 'comments'] as const
export type Panel = (typeof PANELS)[number]

export function readSessionPlace(search: Record<string, unknown>): SessionPlace {
  const { item, panel } = search
  const known = PANELS.find((each) => each === panel)
  return {
    ...(typeof item === 'string' && /^itm_[0-9a-z]{26}$/.test(item) && { item }),
    ...(known && { panel: known }),
  }
}
