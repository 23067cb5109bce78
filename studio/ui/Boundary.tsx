import { Component, type ReactNode } from 'react'

interface Props {
  /** What is shown instead; `retry` renders the children anew. */
  fallback: (error: unknown, retry: () => void) => ReactNode
  /** Another key is another child: the error is forgotten. */
  resetKey?: string | undefined
  children: ReactNode
}

/** Whatever breaks inside breaks only itself. */
export class Boundary extends Component<Props, { error: unknown; broken: boolean }> {
  override state = { error: null, broken: false }

  static getDerivedStateFromError(error: unknown) {
    return { error, broken: true }
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.broken && before.resetKey !== this.props.resetKey) this.#retry()
  }

  override render(): ReactNode {
    return this.state.broken ? this.props.fallback(this.state.error, this.#retry) : this.props.children
  }

  #retry = () => this.setState({ error: null, broken: false })
}
