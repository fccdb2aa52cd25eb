/** A few unsigned 32-bit numbers for each sequence number, in as many bytes as they need. */
export interface SequenceTable {
  /** The given column of a sequence number; 0 when nothing was set. */
  get(sequence: number, column: number): number;
  /** Sets a column; the value is cut to 32 bits. */
  set(sequence: number, column: number, value: number): void;
}

// Small enough that a stream of three messages costs little, large enough that a page is found once per many messages.
const rowsPerPage = 64;

/**
 * A table of `columns` numbers per row. Pages are made where something is set, so that a damaged, huge sequence number
 * costs one page and not all memory.
 */
export function createSequenceTable(columns: number): SequenceTable {
  const pages = new Map<number, Uint32Array>();
  let lastNumber = -1;
  let lastPage: Uint32Array | undefined;

  const pageOf = (sequence: number): Uint32Array | undefined => {
    const number = Math.floor(sequence / rowsPerPage);
    if (number !== lastNumber) {
      lastNumber = number;
      lastPage = pages.get(number);
    }
    return lastPage;
  };
  const indexOf = (sequence: number, column: number): number => (sequence % rowsPerPage) * columns + column;

  return {
    get: (sequence, column) => pageOf(sequence)?.[indexOf(sequence, column)] ?? 0,
    set(sequence, column, value) {
      let page = pageOf(sequence);
      if (page === undefined) {
        page = new Uint32Array(rowsPerPage * columns);
        pages.set(lastNumber, page);
        lastPage = page;
      }
      page[indexOf(sequence, column)] = value;
    },
  };
}
