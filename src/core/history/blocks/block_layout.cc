#include "history/blocks/block_layout.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "base/bytes.h"

namespace gridloom::history {
namespace {

constexpr std::string_view kMagic = "GB";
constexpr char kVersion = 1;

// Flags in the first byte of a column.
constexpr std::uint8_t kTextBit = 1U << 0U;
constexpr std::uint8_t kZstdBit = 1U << 1U;
constexpr unsigned kScaleShift = 2;
constexpr std::uint8_t kScaleMask = 0x1F;

void append_wide(std::string& out, UnsignedWide value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

UnsignedWide read_wide(Cursor& cursor) {
  UnsignedWide value = 0;
  for (unsigned shift = 0; shift < 128; shift += 7) {
    const std::string_view byte = cursor.bytes(1);
    if (byte.empty()) return 0;
    const auto bits = static_cast<std::uint8_t>(byte.front());
    value |= static_cast<UnsignedWide>(bits & 0x7FU) << shift;
    if (bits < 0x80) return value;
  }
  cursor.fail();
  return 0;
}

UnsignedWide zigzag_wide(Wide value) {
  return (static_cast<UnsignedWide>(value) << 1U) ^ (value < 0 ? ~UnsignedWide{0} : 0);
}
Wide unzigzag_wide(UnsignedWide bits) {
  return static_cast<Wide>((bits >> 1U) ^ (~(bits & 1U) + 1U));
}
Wide wide_difference(Wide a, Wide b) {
  return static_cast<Wide>(static_cast<UnsignedWide>(a) - static_cast<UnsignedWide>(b));
}
Wide wide_total(Wide a, Wide b) {
  return static_cast<Wide>(static_cast<UnsignedWide>(a) + static_cast<UnsignedWide>(b));
}

std::uint64_t span_of(const Layout& layout) {
  return static_cast<std::uint64_t>(wrapping_difference(layout.last_at_ms, layout.first_at_ms));
}

// The integral expected from the column's mean and its time span; the difference to it is written.
Wide expected_integral(const Layout& layout, const Column& column) {
  const Presence& presence = layout.presences[column.presence];
  const std::int64_t span_ms = wrapping_difference(layout.last_at_ms, presence.first_at_ms);
  const Wide most = Wide{1} << 88U;
  const Wide sum = column.exact.sum;
  const auto limit = std::int64_t{1} << 36U;
  if (span_ms < 0 || span_ms > limit || sum > most || sum < -most) return 0;
  return sum * span_ms / static_cast<Wide>(presence.count);
}

// The sum if all numbers were the minimum; the difference to it is written.
Wide least_sum(const Layout& layout, const Column& column) {
  return Wide{column.exact.min} * static_cast<Wide>(layout.presences[column.presence].count);
}

void append_place(std::string& out, const ByteRange& place) {
  append_varint(out, place.size << 1U | (place.packing == Packing::kZstd ? 1U : 0U));
}

ByteRange read_place(Cursor& cursor) {
  const std::uint64_t word = cursor.varint();
  return {.size = static_cast<std::size_t>(word >> 1U),
          .packing = (word & 1U) != 0 ? Packing::kZstd : Packing::kRaw};
}

void append_presences(std::string& out, const Layout& layout) {
  append_varint(out, layout.presences.size() - 1);
  for (std::size_t i = 1; i < layout.presences.size(); ++i) {
    const Presence& presence = layout.presences[i];
    append_varint(out, presence.count);
    append_varint(out, presence.form == PresenceForm::kBits ? 0 : presence.size);
  }
  for (std::size_t i = 1; i < layout.presences.size(); ++i) {
    const Presence& presence = layout.presences[i];
    append_signed(out, wrapping_difference(presence.first_at_ms, layout.first_at_ms));
    append_signed(out, wrapping_difference(layout.last_at_ms, presence.last_at_ms));
  }
}

bool read_presences(Cursor& cursor, Layout& layout) {
  const std::uint64_t count = cursor.varint();
  if (count > cursor.rest().size()) return false;
  layout.presences.resize(count + 1);
  layout.presences[0] = {
      .count = layout.rows, .first_at_ms = layout.first_at_ms, .last_at_ms = layout.last_at_ms};
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= count; ++i) {
    Presence& presence = layout.presences[i];
    presence.count = cursor.varint();
    const std::uint64_t size = cursor.varint();
    presence.form = size == 0 ? PresenceForm::kBits : PresenceForm::kGaps;
    presence.size = size == 0 ? (layout.rows + 7) / 8 : size;
    presence.begin = begin;
    if (presence.count == 0 || presence.count > layout.rows) return false;
    if (presence.size > kMaxBufferBytes - begin) return false;
    begin += presence.size;
  }
  for (std::size_t i = 1; i <= count; ++i) {
    Presence& presence = layout.presences[i];
    presence.first_at_ms = wrapping_sum(layout.first_at_ms, cursor.signed_varint());
    presence.last_at_ms = wrapping_difference(layout.last_at_ms, cursor.signed_varint());
  }
  return !cursor.failed();
}

// Writes one property of all columns before the next property: similar bytes stand together.
void append_columns(std::string& out, const Layout& layout) {
  append_varint(out, layout.columns.size());
  FieldId last = 0;
  for (const Column& column : layout.columns) {
    append_varint(out, column.field - last);
    last = column.field;
  }
  for (const Column& column : layout.columns) {
    const bool text = column.kind == Column::Kind::kTexts;
    out.push_back(static_cast<char>((text ? kTextBit : 0U) |
                                    (column.place.packing == Packing::kZstd ? kZstdBit : 0U) |
                                    unsigned{column.scale} << kScaleShift));
  }
  for (const Column& column : layout.columns) append_varint(out, column.presence);
  for (const Column& column : layout.columns) append_varint(out, column.place.size);
}

bool read_columns(Cursor& cursor, Layout& layout) {
  const std::uint64_t count = cursor.varint();
  if (count > cursor.rest().size()) return false;
  layout.columns.resize(count);
  std::uint64_t field = 0;
  for (Column& column : layout.columns) {
    field += std::min<std::uint64_t>(cursor.varint(), std::uint64_t{1} << 32U);
    if (field > std::numeric_limits<FieldId>::max()) return false;
    column.field = static_cast<FieldId>(field);
  }
  const std::string_view forms = cursor.bytes(count);
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    Column& column = layout.columns[i];
    const auto form = static_cast<std::uint8_t>(forms[i]);
    column.kind = (form & kTextBit) != 0 ? Column::Kind::kTexts : Column::Kind::kNumbers;
    column.place.packing = (form & kZstdBit) != 0 ? Packing::kZstd : Packing::kRaw;
    column.scale = (form >> kScaleShift) & kScaleMask;
    if (column.scale > Decimal::kMaxScale && column.scale != Numbers::kLoose) return false;
    if (i == 0) continue;
    const Column& before = layout.columns[i - 1];
    if (column.field == before.field && column.kind <= before.kind) return false;
  }
  for (Column& column : layout.columns) {
    column.presence = cursor.varint();
    if (column.presence >= layout.presences.size()) return false;
    samples += layout.presences[column.presence].count;
    if (samples > kMaxSamples) return false;
  }
  for (Column& column : layout.columns) column.place.size = cursor.varint();
  return !cursor.failed();
}

void append_double(std::string& out, double value) {
  append_fixed64(out, std::bit_cast<std::uint64_t>(value));
}
double read_double(Cursor& cursor) { return std::bit_cast<double>(cursor.fixed64()); }

template <typename OnExact>
void each_exact(auto& columns, const OnExact& on_exact) {
  for (auto& column : columns) {
    if (column.kind == Column::Kind::kNumbers && column.scale != Numbers::kLoose) on_exact(column);
  }
}

template <typename OnLoose>
void each_loose(auto& columns, const OnLoose& on_loose) {
  for (auto& column : columns) {
    if (column.kind == Column::Kind::kNumbers && column.scale == Numbers::kLoose) on_loose(column);
  }
}

void append_statistics(std::string& out, const Layout& layout) {
  each_exact(layout.columns, [&](const Column& c) { append_signed(out, c.exact.min); });
  each_exact(layout.columns, [&](const Column& c) {
    append_varint(out, static_cast<std::uint64_t>(wrapping_difference(c.exact.max, c.exact.min)));
  });
  each_exact(layout.columns, [&](const Column& c) {
    if (c.constant()) return;
    append_varint(out, static_cast<std::uint64_t>(wrapping_difference(c.exact.last, c.exact.min)));
  });
  each_exact(layout.columns, [&](const Column& c) {
    if (c.constant()) return;
    append_wide(out, static_cast<UnsignedWide>(c.exact.sum - least_sum(layout, c)));
  });
  each_exact(layout.columns, [&](const Column& c) {
    const Wide expected = expected_integral(layout, c);
    append_wide(out, zigzag_wide(wide_difference(c.exact.integral, expected)));
  });
  each_loose(layout.columns, [&](const Column& c) {
    for (const double value :
         {c.loose.min, c.loose.max, c.loose.last, c.loose.sum, c.loose.integral}) {
      append_double(out, value);
    }
  });
}

void read_statistics(Cursor& cursor, Layout& layout) {
  each_exact(layout.columns, [&](Column& c) { c.exact.min = cursor.signed_varint(); });
  each_exact(layout.columns, [&](Column& c) {
    c.exact.max = wrapping_sum(c.exact.min, static_cast<std::int64_t>(cursor.varint()));
  });
  each_exact(layout.columns, [&](Column& c) {
    c.exact.last = c.exact.min;
    if (c.constant()) return;
    c.exact.last = wrapping_sum(c.exact.min, static_cast<std::int64_t>(cursor.varint()));
  });
  each_exact(layout.columns, [&](Column& c) {
    c.exact.sum = least_sum(layout, c);
    if (c.constant()) return;
    c.exact.sum = wide_total(c.exact.sum, static_cast<Wide>(read_wide(cursor)));
  });
  each_exact(layout.columns, [&](Column& c) {
    const Wide off = unzigzag_wide(read_wide(cursor));
    c.exact.integral = wide_total(expected_integral(layout, c), off);
  });
  each_loose(layout.columns, [&](Column& c) {
    for (double* value :
         {&c.loose.min, &c.loose.max, &c.loose.last, &c.loose.sum, &c.loose.integral}) {
      *value = read_double(cursor);
    }
  });
}

// Sets the places one after another; they must reach exactly to the end of the block.
bool set_places(Layout& layout, std::size_t begin, std::size_t end) {
  std::vector<ByteRange*> places = {&layout.times, &layout.presence};
  for (Column& column : layout.columns) places.push_back(&column.place);
  for (ByteRange* place : places) {
    if (place->size > end - begin) return false;
    place->begin = begin;
    begin += place->size;
  }
  return begin == end;
}

std::uint64_t check_of(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

void append_check(std::string& bytes) { append_fixed64(bytes, check_of(bytes)); }

bool has_check(std::string_view bytes) {
  if (bytes.size() < kCheck_bytes) return false;
  Cursor check(bytes.substr(bytes.size() - kCheck_bytes));
  bytes.remove_suffix(kCheck_bytes);
  return check.fixed64() == check_of(bytes);
}

void append_layout(std::string& out, const Layout& layout) {
  out += kMagic;
  out.push_back(kVersion);
  append_varint(out, layout.rows);
  append_signed(out, layout.first_at_ms);
  append_varint(out, span_of(layout));
  std::string header;
  append_place(header, layout.times);
  append_place(header, layout.presence);
  append_presences(header, layout);
  append_columns(header, layout);
  append_statistics(header, layout);
  std::string packed;
  const Packing packing = append_packed(packed, header);
  append_place(out, {.size = packed.size(), .packing = packing});
  out += packed;
}

Result<Layout> read_layout(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() <= kMagic.size()) {
    return fail(ErrorCode::kMalformed, "not a block: its first bytes are not GB");
  }
  if (bytes[kMagic.size()] != kVersion) {
    return fail(ErrorCode::kMalformed, "a block of a later version of Gridloom");
  }
  if (bytes.size() < kMagic.size() + 1 + kCheck_bytes) {
    return fail(ErrorCode::kMalformed, "a damaged block: it is truncated");
  }
  if (!has_check(bytes)) {
    return fail(ErrorCode::kMalformed, "a damaged block: its checksum is wrong");
  }
  bytes.remove_suffix(kCheck_bytes);
  const auto damaged = fail(ErrorCode::kMalformed, "a damaged block: its header is invalid");
  Cursor cursor(bytes.substr(kMagic.size() + 1));
  Layout layout;
  layout.rows = cursor.varint();
  layout.first_at_ms = cursor.signed_varint();
  layout.last_at_ms = wrapping_sum(layout.first_at_ms, static_cast<std::int64_t>(cursor.varint()));
  ByteRange place = read_place(cursor);
  const std::string_view packed = cursor.bytes(place.size);
  if (cursor.failed() || layout.rows == 0 || layout.rows > kMaxSamples) return damaged;
  if (layout.last_at_ms < layout.first_at_ms) return damaged;

  std::string scratch;
  const auto header = unpacked(packed, place.packing, scratch);
  if (!header) return damaged;
  Cursor inside(*header);
  layout.times = read_place(inside);
  layout.presence = read_place(inside);
  if (!read_presences(inside, layout) || !read_columns(inside, layout)) return damaged;
  read_statistics(inside, layout);
  if (inside.failed() || !inside.at_end()) return damaged;
  if (!set_places(layout, bytes.size() - cursor.rest().size(), bytes.size())) return damaged;
  return layout;
}

}  // namespace gridloom::history
