import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** How far from the end still counts as reading along, in CSS pixels. */
const NEAR = 80

/**
 * Keeps the end in sight while it grows, unless the reader has scrolled up. `content` is what grows; `sent` what the
 * reader adds to it: with that he is brought to the end from anywhere.
 */
export function useStickToBottom(content: unknown, sent: readonly unknown[]) {
  const scroller = useRef<HTMLDivElement>(null)
  const sticks = useRef(true)
  const [isAtBottom, setIsAtBottom] = useState(true)

  const scrollToBottom = useCallback(() => {
    sticks.current = true
    const element = scroller.current
    if (element) element.scrollTop = element.scrollHeight
  }, [])

  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const look = () => {
      sticks.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
      setIsAtBottom(sticks.current)
    }
    element.addEventListener('scroll', look, { passive: true })
    // The keyboard of a phone or an opened card changes what fits.
    const observer = new ResizeObserver(() => (sticks.current ? scrollToBottom() : look()))
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      observer.disconnect()
    }
  }, [scrollToBottom])

  const count = sent.length
  const before = useRef(count)
  useLayoutEffect(() => {
    if (count > before.current) sticks.current = true
    before.current = count
    if (sticks.current) scrollToBottom()
  }, [content, count, scrollToBottom])

  return { scroller, isAtBottom, scrollToBottom }
}
