//! The opcodes that are read and written: CPython's `Lib/pickletools.py` documents each.

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $code:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: u8 = $code;)*
    };
}

opcodes! {
    MARK = b'(';
    STOP = b'.';
    POP = b'0';
    POP_MARK = b'1';
    DUP = b'2';
    PROTO = 0x80;
    FRAME = 0x95;

    NONE = b'N';
    NEWTRUE = 0x88;
    NEWFALSE = 0x89;
    BININT = b'J';
    BININT1 = b'K';
    BININT2 = b'M';
    /// Text, and yet what Python 2 writes at protocol 2 for ints of 33 to 64 bits.
    INT = b'I';
    LONG = b'L';
    FLOAT = b'F';
    LONG1 = 0x8a;
    LONG4 = 0x8b;
    BINFLOAT = b'G';

    SHORT_BINUNICODE = 0x8c;
    BINUNICODE = b'X';
    BINUNICODE8 = 0x8d;
    SHORT_BINBYTES = b'C';
    BINBYTES = b'B';
    BINBYTES8 = 0x8e;
    BYTEARRAY8 = 0x96;
    SHORT_BINSTRING = b'U';
    BINSTRING = b'T';

    STRING = b'S';
    UNICODE = b'V';

    LIST = b'l';
    DICT = b'd';
    EMPTY_TUPLE = b')';
    TUPLE = b't';
    TUPLE1 = 0x85;
    TUPLE2 = 0x86;
    TUPLE3 = 0x87;
    EMPTY_LIST = b']';
    APPEND = b'a';
    APPENDS = b'e';
    EMPTY_DICT = b'}';
    SETITEM = b's';
    SETITEMS = b'u';
    EMPTY_SET = 0x8f;
    ADDITEMS = 0x90;
    FROZENSET = 0x91;

    GET = b'g';
    PUT = b'p';
    MEMOIZE = 0x94;
    BINPUT = b'q';
    LONG_BINPUT = b'r';
    BINGET = b'h';
    LONG_BINGET = b'j';

    INST = b'i';
    OBJ = b'o';
    GLOBAL = b'c';
    STACK_GLOBAL = 0x93;
    REDUCE = b'R';
    NEWOBJ = 0x81;
    NEWOBJ_EX = 0x92;
    BUILD = b'b';
}
