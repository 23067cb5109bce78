import { parseSync } from '@swc/core'

/** What the import rules want to know of a source file. */
export interface Source {
  /** Relative to the repository. */
  file: string
  /** All it imports: statically, re-exported, by import() and require(), and types. */
  specifiers: string[]
  readsEnvironment: boolean
}

type Node = Record<string, unknown> & { type: string }

/** Reads a file's imports from its syntax tree: words in comments and strings don't count. */
export function readSource(file: string, text: string): Source {
  const specifiers: string[] = []
  let readsEnvironment = false
  for (const node of nodesOf(parseSync(text, { syntax: 'typescript', tsx: file.endsWith('.tsx'), target: 'es2022' }))) {
    const specifier = specifierOf(node)
    if (specifier !== null) specifiers.push(specifier)
    if (isEnvironment(node) || specifier === 'process' || specifier === 'node:process') readsEnvironment = true
  }
  return { file, specifiers, readsEnvironment }
}

function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if (isNode(value)) yield value
  for (const part of Object.values(value)) yield* nodesOf(part)
}

function isNode(value: object): value is Node {
  return 'type' in value && typeof value.type === 'string'
}

function specifierOf(node: Node): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return textOf(node.source)
    case 'TsImportType':
      return textOf(node.argument)
    case 'CallExpression':
      return isImportCall(node.callee) ? textOf(firstArgument(node.arguments)) : null
    default:
      return null
  }
}

/** import(…), require(…), require.resolve(…) and their like on what createRequire and import.meta give. */
function isImportCall(callee: unknown): boolean {
  if (typeof callee !== 'object' || callee === null || !isNode(callee)) return false
  if (callee.type === 'Import') return true
  if (callee.type === 'Identifier') return callee.value === 'require'
  return callee.type === 'MemberExpression' && nameOf(callee.property) === 'resolve' && isResolver(callee.object)
}

/** What has a method resolve() for modules; a promise has one as well. */
function isResolver(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || !isNode(node)) return false
  if (node.type === 'MetaProperty' || nameOf(node) === 'require') return true
  return node.type === 'CallExpression' && nameOf(node.callee) === 'createRequire'
}

/** process.env, process['env'] and const { env } = process */
function isEnvironment(node: Node): boolean {
  if (node.type === 'MemberExpression') return nameOf(node.object) === 'process' && nameOf(node.property) === 'env'
  if (node.type !== 'VariableDeclarator' || nameOf(node.init) !== 'process') return false
  return [...nodesOf(node.id)].some((part) => part.type === 'Identifier' && part.value === 'env')
}

function firstArgument(list: unknown): unknown {
  const first: unknown = Array.isArray(list) ? list[0] : undefined
  return typeof first === 'object' && first !== null && 'expression' in first ? first.expression : undefined
}

function textOf(node: unknown): string | null {
  const isText = typeof node === 'object' && node !== null && isNode(node) && node.type === 'StringLiteral'
  return isText && typeof node.value === 'string' ? node.value : null
}

function nameOf(node: unknown): string | null {
  if (typeof node !== 'object' || node === null || !isNode(node)) return null
  if (node.type === 'Computed') return textOf(node.expression)
  return node.type === 'Identifier' && typeof node.value === 'string' ? node.value : null
}
