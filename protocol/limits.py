"""Every bound a stranger can push on, with its unit and its reason. This file imports nothing."""

# --- bytes on the wire -------------------------------------------------------------------------------------------
NOISE_MESSAGE = 65_535  # bytes; Noise specification, section 3: the length of every Noise message
FRAME = NOISE_MESSAGE - 16  # bytes of plaintext, 65,519: a Noise message less the AEAD tag
FRAME_MESSAGES = 256  # messages in one frame; bounds the work one signature can ask for
ARRAY = 512  # elements of one msgpack array; a nested header costs us 8 bytes an element before it is refused
DEPTH = 6  # nesting of arrays; the deepest layout we define has 5
HANDSHAKE_SECONDS = 10  # from accepted socket to open session
HANDSHAKE_FIRST_SECONDS = 5  # from accepted socket to the first Noise message

# --- entries -----------------------------------------------------------------------------------------------------
HEADER = 1_024  # bytes; a full header with 16 references is about 750
BODY = 60 * 1024  # bytes; header, body and signature together fit one frame
REFS = 16  # references of one entry
KIND = 24  # characters of a kind's name
TEXT = 12_000  # characters of one narration or line; at four bytes each they still fit a sealed body
NAME = 64  # characters of a name: story, character, checkpoint, branch
PLAN = 64  # members one narration may ask
SPANS = 256  # spans of one line
CLIPS = 128  # clips of one line
SCORES = 16  # things measured of one adapter
MIND_MODEL = 128  # characters of the name of the model that an adapter was trained on
ANSWERS = 8  # answers of one adapter that are shown beside those of the bare model
ANSWER = 600  # characters of each, and of what was told; at four bytes each, eight of three still fit BODY
AUDIENCE = 16  # members one sealed body may be for; the boxes are rounded up to 4, 8 or 16
CARD = 1024 * 1024  # bytes of a card's file; the largest ones people share, lore included, are about 300 KiB
CARD_PICTURE = 16 * 1024 * 1024  # bytes of a PNG that carries a card; those people share have up to some 8 MiB
CARD_DEPTH = 32  # nesting of a card's JSON; the deepest known program's extensions use 7
CARD_SHEET = 48 * 1024  # bytes of a card's private part: sealed and padded it must still fit BODY
CARD_TAGS = 32  # tags shown to everybody
VOICE = 256  # characters of a voice, engine and options included
PENDING_ENTRIES = 256  # of one author, neither accepted nor refused yet: bounds what a member can put on every disk
PENDING_BYTES = 4 * 1024 * 1024
PENDING_BACK_ENTRIES = 16  # of that share, given back with each narration; a reader sounds each and is never answered
PENDING_BACK_BYTES = 256 * 1024
SMALL_BODY = 1_024  # bytes of the body of an accept or redact; a unit must fit one frame with the line it is about
RUNS = 4_096  # runs of one author; one process start each
AUTHORS = 4_096  # authors of one story; only granted keys count

# --- sync --------------------------------------------------------------------------------------------------------
GIVE_BYTES = 48 * 1024  # bytes of entries in one answer, unless a single unit is larger
WANTS = 4  # open requests per link
RUNS_TOLD = 64  # authors whose runs are told in answer to one page of heads; the rest follow when these are level
SYNC_SECONDS = 30  # between two rounds of heads on a link
WANT_SECONDS = 10  # until an unanswered request is given to another link
KNOWN_PER_LINK = 8_192  # entry ids remembered per link for de-duplication
REST_LEAST_MS = 10  # that an entry rests before it is passed on, if its author brought it: seven first copies fit
REST_MOST_MS = 40  # the same; beyond it people would begin to see who is near whom
RESTING = 1_024  # entries at rest; one more sends the oldest on its way

# --- blobs -------------------------------------------------------------------------------------------------------
CHUNK = 32 * 1024  # bytes of one blob chunk; fits a frame
BLOB = 512 * 1024 * 1024  # bytes of one blob: the largest adapter we mean to carry
BLOB_WINDOW = 4  # chunks asked for at a time
BLOB_QUOTA = 4 * 1024 * 1024 * 1024  # bytes of blobs kept per author
BLOB_FETCHES = (
    16  # blobs fetched at a time; times BLOB_WINDOW that is QUEUE_CHUNKS, so an honest asker never overfills it
)
BLOBS_WANTED = 1_024  # blobs waiting for their turn; a long scene has about 500 clips
BLOB_LEAVES = 1_024  # leaves in one page of a manifest: 32 KiB
BLOB_SECONDS = 10  # without progress until a blob is asked of another link
PORTRAIT = 64 * 1024  # bytes of a character's portrait; a square of 256 pixels as WebP has 10 to 30 KiB
PICTURE = 16 * 1024 * 1024  # bytes of a picture that a portrait is made from
PICTURE_PIXELS = 48_000_000  # of it; a phone's largest camera has as many. Unpacked they take 192 MB, for a moment
VOICE_SAMPLE = 4 * 1024 * 1024  # bytes of a recording that a voice is taken from; a minute as FLAC has about 2 MB
CONSENT = 512  # characters that say in whose words a recording may be used
CLIP_SECONDS = 120  # of one clip; 400 characters at the slowest rate take about 60
CLIP_BYTES = 1024 * 1024  # of one clip; CLIP_SECONDS at twice the 33 kbit/s we write

# --- files -------------------------------------------------------------------------------------------------------
RECORD = 1024 * 1024  # bytes of one record of a .dwlog file: the largest clip; a unit of entries is at most 190 KiB
SCOPE = 128  # characters in which a .dwlog file says what it holds

# --- ephemerals --------------------------------------------------------------------------------------------------
EPHEMERAL = 8 * 1024  # bytes; a burst of tokens or a clip notice
EPHEMERALS_PER_SECOND = 200  # of one member, on average; beyond it they are dropped. One fast writer makes some 100
EPHEMERALS_BURST = 1_000  # at once after a quiet time; what waited while a link stood still comes together
REPORTS_PER_SECOND = 2  # of one member's health, taken on average; it tells every 2 seconds, and when it changes
REPORTS_BURST = 10  # at once: loading, ready and the answers to some probes may come together
PROBE_SECONDS = 5  # between two tests a member makes of itself because it was asked; each costs it a token
LEARNING_PER_SECOND = 2  # news of one member's learning, taken on average; it tells once a second
LEARNING_BURST = 10  # at once: it begins, pauses and ends within a moment
MEMORY = 2**30  # MiB that a member may say it uses; no machine has more

# --- links -------------------------------------------------------------------------------------------------------
MESH = 12  # members up to which everybody links to everybody
FANOUT = 6  # random links beyond MESH, besides the narrator
LINKS = 64  # links a node keeps
HALF_OPEN = 32  # sockets in handshake at a time; the oldest is dropped for a newcomer
HALF_OPEN_PER_ADDRESS = 8  # of one address; loopback is exempt
QUEUE_CONTROL = 256  # messages waiting to be written per link, per lane
QUEUE_ENTRIES_BYTES = 4 * 1024 * 1024
QUEUE_EPHEMERAL = 256
QUEUE_CHUNKS = 64
PING_SECONDS = 5  # of silence before we ask
ROUND_TRIP_SECONDS = 10  # until the round trip of a link that is never silent is measured anew
SILENCE_SECONDS = 10  # of silence before a link counts as dead
WRITE_STALL_SECONDS = 20  # a write that makes no progress ends the link
CLOSE_SECONDS = 2  # for a goodbye; after that the stream is closed whatever the other side does
FRAMES_PER_SECOND = 200  # read from one link, averaged; beyond it reading waits, and TCP slows the sender down
FRAMES_BURST = 1_000  # read at once after a quiet time; a round of sync with many authors is some hundred
BYE_TEXT = 512  # characters of a goodbye's text; it is shown to a person
ADDRESSES = 8  # addresses kept per member
ADDRESS_SECONDS = 30  # between two news of where one member is, on average: each goes to everybody
ADDRESS_BURST = 4  # at once: a machine that starts, moves, and starts again
RECORDS_PER_SECOND = 50  # address records of one link whose signatures are checked, on average
RECORDS_BURST = 4_096  # at once: a newcomer is told of all AUTHORS
CLAIM_SECONDS = 5  # between two claims that a member passes on to the narrator, on average; each costs two signatures
CLAIMS_BURST = 64  # at once: those of LINKS strangers that waited for the narrator
INVITE_DAYS = 7  # validity of an invite unless said otherwise
INVITE_CODE = 1_023  # characters of an invite code; above, bech32m's checksum no longer finds every slip (BIP-173)

# --- a model server's answer --------------------------------------------------------------------------------------
ENDPOINT_LINE = 256 * 1024  # bytes of one event; a token's event has some 300, a whole reply with its usage a few KiB
ENDPOINT_ANSWER = 4 * 1024 * 1024  # bytes of one answer, reasoning included; a list of models at OpenRouter has 500 KiB
