// Answers in columns of bytes: typed arrays that look into the answer, without parsing a number.

export const COLUMNS_TYPE = "application/vnd.opsroom.columns";

const ARRAYS = { f8: Float64Array, i4: Int32Array, u1: Uint8Array };
const ALIGNED = 8;
const LENGTH_BYTES = 4;

/** Gives the columns by name and what else the answer says; `buffer` as docs/api.md has it. */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { columns, ...more } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, LENGTH_BYTES, length)));
  let at = LENGTH_BYTES + length;
  for (const { name, type, length: rows } of columns) {
    const array = new ARRAYS[type](buffer, at, rows);
    more[name] = array;
    at += array.byteLength + ((ALIGNED - (array.byteLength % ALIGNED)) % ALIGNED);
  }
  return more;
}
