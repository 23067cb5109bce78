import { useEffect, useRef, useSyncExternalStore } from 'react'
import { matchKeys, nameOf } from './keys.ts'

export interface Shortcut {
  /** `j`, `mod+k`, or a sequence: `g s`. */
  keys: string
  label: string
  /** The heading under which the sheet lists it. */
  group: string
  run: () => void
}

const KEY = 'agentview.studio.singleKeys'
/** How long the second press of a sequence may take. */
const SEQUENCE_MS = 1_200
const listeners = new Set<() => void>()
let active: readonly Shortcut[] = []
let singleKeys = readSetting()
let begun: { keys: string; at: number } | null = null

/** Shortcuts hold while the component that gives them is there; the newest wins. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  const names = shortcuts.map(({ keys, label }) => `${keys} ${label}`).join('\n')
  useEffect(() => {
    const own = latest.current.map((shortcut, index) => ({
      ...shortcut,
      run: () => latest.current[index]?.run(),
    }))
    change([...own, ...active])
    return () => change(active.filter((shortcut) => !own.includes(shortcut)))
  }, [names])
}

/** All that hold now, for the sheet. */
export function useActiveShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => active)
}

export function useSingleKeys(): boolean {
  return useSyncExternalStore(subscribe, () => singleKeys)
}

/** Single keys can be turned off: who dictates, or presses by accident, would set them off. */
export function setSingleKeys(on: boolean): void {
  singleKeys = on
  try {
    localStorage.setItem(KEY, on ? 'on' : 'off')
  } catch {
    // Kept until the page is left.
  }
  for (const listener of listeners) listener()
}

/** Listens at the window; gives back what ends it. */
export function listenForShortcuts(): () => void {
  window.addEventListener('keydown', onKeyDown)
  return () => window.removeEventListener('keydown', onKeyDown)
}

function onKeyDown(event: KeyboardEvent): void {
  const name = nameOf(event)
  if (name === null || event.defaultPrevented || event.isComposing) return
  const withModifier = name.startsWith('mod+')
  if (!withModifier && (!singleKeys || isTaken(event.target))) return
  const now = Date.now()
  const pressed = begun && now - begun.at < SEQUENCE_MS ? `${begun.keys} ${name}` : name
  const keys = active.map((shortcut) => shortcut.keys)
  const match = matchKeys(pressed, keys)
  begun = match === 'begun' ? { keys: pressed, at: now } : null
  const shortcut = active.find((each) => each.keys === (match === 'whole' ? pressed : name))
  if (match === 'begun' || !shortcut) return
  event.preventDefault()
  shortcut.run()
}

/** Where keys mean something else: fields, and whatever lies over the page. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  return target.closest('input, textarea, select, [contenteditable], [role="dialog"], [role="menu"]') !== null
}

function change(next: readonly Shortcut[]): void {
  active = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function readSetting(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off'
  } catch {
    return true
  }
}
