import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** How far from the end still counts as reading along, in CSS pixels. */
const NEAR = 80

/**
 * Keeps the end in sight while it grows, unless the reader has scrolled up. `sent` is how much he has added himself:
 * with more he is brought to the end from anywhere.
 */
export function useStickToBottom(sent: number) {
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

  const before = useRef(sent)
  // After each render: whatever it was for, it may have changed the height.
  useLayoutEffect(() => {
    if (sent > before.current) sticks.current = true
    before.current = sent
    if (sticks.current) scrollToBottom()
  })

  return { scroller, isAtBottom, scrollToBottom }
}
