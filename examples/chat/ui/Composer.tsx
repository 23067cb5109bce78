import { type FormEvent, type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import { SendIcon, StopIcon } from './icons.tsx'

interface Props {
  title: string
  /** False where there is nobody to send to. */
  canSend: boolean
  isLive: boolean
  isStopping: boolean
  onSend(text: string): void
  onStop(): void
}

export function Composer({ title, canSend, isLive, isStopping, onSend, onStop }: Props) {
  const [text, setText] = useState('')
  const field = useGrowingField(text)
  const sendable = canSend && text.trim() !== ''

  function send(event: FormEvent) {
    event.preventDefault()
    if (!sendable) return
    onSend(text)
    setText('')
    field.current?.focus()
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    // While an input method composes a character, Enter belongs to it.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event)
  }

  return (
    <footer className="composer">
      <form className="composer-box" onSubmit={send}>
        <label className="visually-hidden" htmlFor="message">
          Message to {title}
        </label>
        <textarea
          id="message"
          ref={field}
          rows={1}
          value={text}
          placeholder={`Message ${title}`}
          aria-describedby="composer-hint"
          enterKeyHint="send"
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {isLive && (
          <button type="button" className="round-button" data-kind="stop" disabled={isStopping} onClick={onStop}>
            <StopIcon />
            <span className="visually-hidden">{isStopping ? 'Stopping' : 'Stop'}</span>
          </button>
        )}
        {(!isLive || text !== '') && (
          <button type="submit" className="round-button" disabled={!sendable}>
            <SendIcon />
            <span className="visually-hidden">Send</span>
          </button>
        )}
      </form>
      <p className="composer-hint" id="composer-hint">
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd> + <kbd>Enter</kbd> begins a new line
      </p>
    </footer>
  )
}

/** As high as its text, up to what the style sheet allows. */
function useGrowingField(text: string) {
  const field = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [text])
  return field
}
