import type { Answered, Asked, Questions } from './questions.ts'

/** Answers what the parent process asks (startDriven.ts), one after another; ends with the parent. */
export function answerQuestions(questions: Questions): void {
  let last: Promise<void> = Promise.resolve()
  // Sent by startDriven, which knows our questions by their type.
  process.on('message', (asked: Asked) => {
    last = last.then(async () => void process.send?.(await answered(questions, asked)))
  })
  process.on('disconnect', () => process.exit(1))
}

async function answered(questions: Questions, { id, name, question }: Asked): Promise<Answered> {
  const answer = questions[name]
  if (!answer) return { id, error: `nobody answers ${name}` }
  try {
    return { id, answer: await answer(question as never) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
