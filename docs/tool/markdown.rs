//! A chapter as a sequence of blocks.
//!
//! The code that [`chapters`] writes is one block with its
//! comment, whatever it is at the moment.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{chapters, figures, links};

/// A paragraph, a heading, a list …
#[derive(Debug)]
pub struct Block {
    /// The number of its first line, from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    /// Its Markdown.
    pub text: String,
}

/// What a block is, as far as two languages have to have the same.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A heading of a level; its anchor, except the title's.
    Heading(u8, Option<String>),
    /// Text.
    Paragraph,
    /// So many items.
    List(usize),
    /// Rows with the head, and columns.
    Table(usize, usize),
    /// A quotation.
    Quote,
    /// A transcript and the like: all of it.
    Fence(String),
    /// `<!-- code: … -->`, or another comment: all of it.
    Comment(String),
    /// HTML that is shown.
    Html,
    /// A line across.
    Rule,
}

impl Block {
    /// Whether it has words that differ between languages.
    pub fn is_prose(&self) -> bool {
        !matches!(self.kind, Kind::Fence(_) | Kind::Comment(_) | Kind::Rule)
    }
}

/// The blocks of a chapter. Lines with an anchor alone, `<a id="…"></a>`, belong
/// to the heading that follows.
pub fn blocks(text: &str) -> Vec<Block> {
    let text = &figures::with_part(&chapters::without_code(text), "\n\n");
    let mut ids = links::headings(text).into_iter();
    let mut anchor = None;
    let mut found: Vec<Block> = Vec::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut depth = 0;
    let (mut items, mut rows, mut cells) = (0, 0, 0);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let mut kind = None;
        match event {
            Event::Start(tag) => {
                match &tag {
                    Tag::Item if depth == 1 => items += 1,
                    Tag::TableHead | Tag::TableRow => rows += 1,
                    Tag::TableCell if rows == 1 => cells += 1,
                    Tag::List(_) if depth == 0 => items = 0,
                    Tag::Table(_) => (rows, cells) = (0, 0),
                    _ => {}
                }
                if let (0, Tag::CodeBlock(CodeBlockKind::Fenced(_))) = (depth, &tag) {
                    kind = Some(Kind::Fence(text[range.clone()].to_string()));
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth -= 1;
                kind = match tag {
                    _ if depth > 0 => None,
                    TagEnd::Heading(level) => Some(Kind::Heading(level as u8, ids.next())),
                    TagEnd::Paragraph => Some(Kind::Paragraph),
                    TagEnd::List(_) => Some(Kind::List(items)),
                    TagEnd::Table => Some(Kind::Table(rows, cells)),
                    TagEnd::BlockQuote(_) => Some(Kind::Quote),
                    TagEnd::HtmlBlock => Some(match text[range.clone()].trim() {
                        html if html.starts_with("<!--") => Kind::Comment(html.to_string()),
                        _ => Kind::Html,
                    }),
                    _ => None,
                };
            }
            Event::Rule if depth == 0 => kind = Some(Kind::Rule),
            _ => {}
        }
        let Some(mut kind) = kind else { continue };
        let block = text[range.clone()].trim_end();
        if let Some(id) = links::anchor(block) {
            // Both the anchor and the heading's own are in the list.
            ids.next();
            anchor = Some(id.to_string());
            continue;
        }
        if let Kind::Heading(level, id) = &mut kind {
            match (anchor.take(), *level) {
                (_, 1) => *id = None,
                (Some(fixed), _) => *id = Some(fixed),
                (None, _) => {}
            }
        }
        found.push(Block {
            line: text[..range.start].matches('\n').count() + 1,
            kind,
            text: block.to_string(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_is_its_blocks() {
        let text = "# T\n\nA\nb.\n\n- x\n- y\n  - z\n\n<a id=\"why\"></a>\n\n## W\n\n\
                    | a | b |\n| - | - |\n| 1 | 2 |\n\n```text\nx\n```\n\n<!-- not run: a -->\n";
        let kinds: Vec<Kind> = blocks(text).into_iter().map(|block| block.kind).collect();
        let expected = [
            Kind::Heading(1, None),
            Kind::Paragraph,
            Kind::List(2),
            Kind::Heading(2, Some("why".to_string())),
            Kind::Table(2, 2),
            Kind::Fence("```text\nx\n```".to_string()),
            Kind::Comment("<!-- not run: a -->".to_string()),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn code_that_is_written_here_is_its_comment() {
        let written = "<!-- code: docs/tool/lib.rs -->\n```rust\n//! A\n```\n\n[docs/tool/lib.rs](../../docs/tool/lib.rs#L1-L1), lines 1 to 1\n\nMore.\n";
        let found = blocks(written);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1].kind, Kind::Paragraph);
    }
}
