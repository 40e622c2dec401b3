/** So many characters of a detail are on show in a list of the editor's, whatever its width. */
const mostShown = 68;

/** The beginning of a text that fits a list's line, up to the end of a sentence, a clause or a word; all of it where it fits. */
export function shortened(text: string, most = mostShown): string {
  if (text.length <= most) return text;
  const room = text.slice(0, most);
  const sentence = room.lastIndexOf('. ');
  if (sentence > 0) return room.slice(0, sentence + 1);
  const clause = Math.max(...[': ', '; ', ', '].map((mark) => room.lastIndexOf(mark)));
  const end = clause > most / 3 ? clause : room.lastIndexOf(' ');
  return `${room.slice(0, end > 0 ? end : most)}…`;
}
