import { type CST, Lexer, Parser } from 'yaml';

/** Collections within collections. A community file needs seven. */
export const maxDepth = 64;

/** The tokens of a YAML text, or the offset at which it is nested too deeply. */
export type YamlTokens = { readonly tokens: readonly CST.Token[]; readonly deepAt?: undefined } | { readonly deepAt: number };

/**
 * Takes a YAML text apart as far as that needs no recursion; `newLine` hears the offset of every line but the first. Whatever composes
 * values calls itself for every level: a text of nothing but brackets would take the process's stack, and not always in a way
 * that can be caught, so depth is bounded here, before.
 */
export function yamlTokens(text: string, newLine?: (offset: number) => void): YamlTokens {
  const parser = new Parser(newLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > maxDepth) return { deepAt: parser.offset };
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}
