import { parse, type ParserPlugin } from '@babel/parser'

/**
 * Marks every object and array literal of a source file, `{…}` -> `(__agentview_at(7, {…}))`, so that a value that was
 * made at load can be traced to its line, however it got into the config: through constants, other files, functions.
 * Marks add no lines, and `sourceColumn` takes them out of a column.
 */
export interface Position {
  line: number
  column: number
}

export interface Literal extends Position {
  file: string
  /** Where each member that is written in the literal begins. */
  members: ReadonlyMap<string, Position>
}

/** What is known of the sources of one load. A literal's number is its index in `literals`. */
export interface Sources {
  literals: Literal[]
  edits: Map<string, Edit[]>
  defaultExports: Map<string, Position>
}

interface Edit extends Position {
  offset: number
  removed: number
  inserted: string
}

/** The function that marks call; the bundle defines it. */
export const MARK = '__agentview_at'

interface SyntaxNode {
  type: string
  start: number
  end: number
  loc: { start: { line: number; column: number }; end: { line: number; column: number } }
}

export function newSources(): Sources {
  return { literals: [], edits: new Map(), defaultExports: new Map() }
}

/** The file's text with marks, which are noted in `sources`. What can't be parsed here is returned as it is. */
export function markLiterals(file: string, text: string, url: string, sources: Sources): string {
  const program = parseSource(file, text)
  if (!program) return text
  const edits: Edit[] = []
  for (const node of nodesOf(program)) {
    if (node.type === 'ObjectExpression' || node.type === 'ArrayExpression') {
      const number = sources.literals.push({ file, ...startOf(node), members: membersOf(node) }) - 1
      edits.push(insertion(node.start, startOf(node), `(/* @__PURE__ */ ${MARK}(${number}, `))
      edits.push(insertion(node.end, endOf(node), '))'))
    } else if (node.type === 'ExportDefaultDeclaration') sources.defaultExports.set(file, startOf(node))
    else if (isImportMetaUrl(node)) {
      // The bundle lies elsewhere: what a module reads beside itself must be found beside its source.
      edits.push({ ...insertion(node.start, startOf(node), JSON.stringify(url)), removed: node.end - node.start })
    }
  }
  edits.sort((a, b) => a.offset - b.offset)
  sources.edits.set(file, edits)
  return apply(text, edits)
}

/** The column in the file as it is written, of a column in its marked text. */
export function sourceColumn(sources: Sources, file: string, { line, column }: Position): number {
  let shift = 0
  for (const edit of sources.edits.get(file) ?? []) {
    if (edit.line !== line) continue
    const start = edit.column + shift
    if (column < start) break
    if (column < start + edit.inserted.length) return edit.column
    shift += edit.inserted.length - edit.removed
  }
  return column - shift
}

function parseSource(file: string, text: string): SyntaxNode | null {
  const plugins: ParserPlugin[] = ['decorators', 'explicitResourceManagement']
  if (/\.[cm]?tsx?$/.test(file)) plugins.push('typescript')
  if (!/\.[cm]?ts$/.test(file)) plugins.push('jsx')
  try {
    const program: unknown = parse(text, { sourceType: 'module', plugins }).program
    return isNode(program) ? program : null
  } catch {
    // esbuild parses the same text next and tells what is wrong, or it knows more syntax and only lines are lost.
    return null
  }
}

function* nodesOf(root: SyntaxNode): Generator<SyntaxNode> {
  const stack: unknown[] = [root]
  while (stack.length > 0) {
    const value = stack.pop()
    if (Array.isArray(value)) stack.push(...(value as unknown[]))
    else if (isNode(value)) {
      yield value
      stack.push(...Object.values(value))
    }
  }
}

function membersOf(literal: SyntaxNode): Map<string, Position> {
  const members = new Map<string, Position>()
  if (literal.type === 'ArrayExpression') {
    const elements = childrenOf(literal, 'elements')
    for (const [index, element] of elements.entries()) {
      if (isNode(element) && element.type === 'SpreadElement') break
      if (isNode(element)) members.set(String(index), startOf(element))
    }
    return members
  }
  for (const property of childrenOf(literal, 'properties')) {
    if (!isNode(property) || Reflect.get(property, 'computed') === true) continue
    // What is spread may replace what stands before it.
    if (property.type === 'SpreadElement') members.clear()
    const key: unknown = Reflect.get(property, 'key')
    const name: unknown = isNode(key) ? (Reflect.get(key, 'name') ?? Reflect.get(key, 'value')) : undefined
    if (typeof name === 'string' || typeof name === 'number') members.set(String(name), startOf(property))
  }
  return members
}

function isImportMetaUrl(node: SyntaxNode): boolean {
  if (node.type !== 'MemberExpression' || node.loc.start.line !== node.loc.end.line) return false
  const object: unknown = Reflect.get(node, 'object')
  const property: unknown = Reflect.get(node, 'property')
  return isNode(object) && object.type === 'MetaProperty' && isNode(property) && Reflect.get(property, 'name') === 'url'
}

function childrenOf(node: SyntaxNode, name: string): unknown[] {
  const children: unknown = Reflect.get(node, name)
  return Array.isArray(children) ? (children as unknown[]) : []
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'loc' in value && value.loc != null
}

function startOf({ loc }: SyntaxNode): Position {
  return { line: loc.start.line, column: loc.start.column + 1 }
}

function endOf({ loc }: SyntaxNode): Position {
  return { line: loc.end.line, column: loc.end.column + 1 }
}

function insertion(offset: number, position: Position, inserted: string): Edit {
  return { offset, ...position, removed: 0, inserted }
}

function apply(text: string, edits: readonly Edit[]): string {
  let marked = ''
  let from = 0
  for (const edit of edits) {
    marked += text.slice(from, edit.offset) + edit.inserted
    from = edit.offset + edit.removed
  }
  return marked + text.slice(from)
}
