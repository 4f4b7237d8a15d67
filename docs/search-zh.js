// A search that finds Chinese words. mdBook cuts a text into words at spaces,
// and Chinese has none: so in this edition what was typed is looked for as it
// is, in titles first. Each part between spaces has to be there.
'use strict';

(function () {
    const WIDTH = 40;

    // Some words around the first hit, with spaces about it, so that mdBook
    // marks it.
    function around(text, part) {
        const place = text.toLowerCase().indexOf(part);
        if (place < 0) {
            return text.slice(0, 2 * WIDTH);
        }
        const end = place + part.length;
        return text.slice(Math.max(0, place - WIDTH), place) + ' ' +
            text.slice(place, end) + ' ' + text.slice(end, end + WIDTH);
    }

    function search(docs, words) {
        const parts = words.toLowerCase().split(/\s+/).filter(part => part !== '');
        if (parts.length === 0) {
            return [];
        }
        const found = [];
        for (const ref of Object.keys(docs)) {
            const doc = docs[ref];
            const title = doc.title.toLowerCase();
            const body = doc.body.toLowerCase();
            if (!parts.every(part => title.includes(part) || body.includes(part))) {
                continue;
            }
            const inTitle = parts.filter(part => title.includes(part)).length;
            const times = parts.reduce((sum, part) => sum + body.split(part).length - 1, 0);
            found.push({
                ref: ref,
                score: 100 * inTitle + times,
                doc: {
                    title: doc.title,
                    breadcrumbs: doc.breadcrumbs,
                    body: around(doc.body, parts[0]),
                },
            });
        }
        return found.sort((a, b) => b.score - a.score);
    }

    // mdBook's script has the index loaded when the reader first searches.
    window.elasticlunr.Index.load = index => ({
        search: words => search(index.documentStore.docs, words),
    });
})();
