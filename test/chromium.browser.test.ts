import { describeWithChromium, launchChromium } from './chromium.ts'

describeWithChromium('Chromium', () => {
  test('renders a page', async () => {
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.setContent('<h1>Hello</h1>')
      expect(await page.locator('h1').textContent()).toBe('Hello')
    } finally {
      await browser.close()
    }
  })
})
