/** Beyond this a line is of no use to anybody; the seed has it whole. */
const SHOWN = 600

/** What a sequence did, as commands that a person can try. */
export class Transcript {
  readonly lines: string[] = []

  request(
    url: string,
    method: string,
    address: string,
    headers: readonly string[],
    body: string | null,
    framing: string,
  ) {
    const options = headers.map((line) => ` -H ${quoted(line)}`).join('')
    const data = body === null ? '' : ` --data-binary ${quoted(body)}`
    const how = framing === 'length' || body === null ? '' : `   # body sent as ${framing}`
    this.lines.push(shortened(`curl -sS -X ${method} ${quoted(url + address)}${options}${data}`) + how)
  }

  socket(
    url: string,
    token: string | null,
    messages: readonly { name: string; payload: string[] }[],
    packet: string | null,
  ) {
    this.lines.push(`socket.io ${url}/client auth ${JSON.stringify({ token })}`)
    for (const { name, payload } of messages) this.lines.push(shortened(`  emit ${name} ${payload.join(', ')}`))
    if (packet !== null) this.lines.push(shortened(`  packet ${JSON.stringify(packet)}`))
  }

  answered(what: string) {
    this.lines.push(`  → ${what}`)
  }
}

function quoted(text: string): string {
  return /\p{Cc}/u.test(text) ? `$'${escaped(text)}'` : `'${text.replaceAll("'", `'\\''`)}'`
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
}

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text
}
