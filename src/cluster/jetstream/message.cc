#include "jetstream/message.h"

#include <fmt/format.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace gridloom::journal {
namespace {

// Not valid UTF-8: no text of another program's stream begins so.
constexpr std::string_view kMagic = "\xF7GM";
constexpr int kLevel = 1;
// For fewer bytes, the overhead of a zstd frame exceeds the saving.
constexpr std::size_t kFewestPacked_bytes = 64;
// zstd unpacks at most this much from four bytes.
constexpr std::size_t kLargestZstdBlock = std::size_t{128} * 1024;
constexpr std::size_t kSmallestZstdBlock = 4;

// The numbers are stored.
enum class Packing : std::uint8_t { kRaw = 0, kZstd = 1 };

std::optional<std::string> unpack(std::string_view packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  const std::size_t most = std::min(kLargestUnpacked_bytes,
                                    (packed.size() / kSmallestZstdBlock + 1) * kLargestZstdBlock);
  if (size > most) return std::nullopt;  // also true if unknown: those are the highest numbers
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0U || got != bytes.size()) return std::nullopt;
  return bytes;
}

bool is_kind(std::uint64_t kind) {
  return kind >= std::to_underlying(MessageKind::kOrigin) &&
         kind <= std::to_underlying(MessageKind::kRecords);
}

}  // namespace

std::string make_body(std::span<const Record> records) {
  std::string raw(1, static_cast<char>(Packing::kRaw));
  for (const Record& record : records) {
    raw.push_back(static_cast<char>(record.kind));
    append_text(raw, record.payload);
  }
  const std::string_view bytes = std::string_view(raw).substr(1);
  if (bytes.size() < kFewestPacked_bytes) return raw;
  std::string packed(raw.size(), '\0');
  packed.front() = static_cast<char>(Packing::kZstd);
  const std::size_t size =
      ZSTD_compress(packed.data() + 1, packed.size() - 1, bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0U) return raw;  // it would not be smaller
  packed.resize(1 + size);
  return packed;
}

std::string make_message(const MessageHead& head, std::string_view body) {
  std::string out;
  out.reserve(kMagic.size() + 64 + head.node.size() + body.size());
  out += kMagic;
  out.push_back(static_cast<char>(kMessageVersion));
  out.push_back(static_cast<char>(head.kind));
  append_varint(out, head.revision);
  append_fixed64(out, head.writer);
  append_text(out, head.node);
  append_varint(out, head.first);
  append_varint(out, head.count);
  append_varint(out, head.part);
  append_varint(out, head.parts);
  append_text(out, body);
  append_fixed64(out, XXH3_64bits(out.data(), out.size()));
  return out;
}

Result<LogMessage> read_message(std::string_view bytes) {
  const auto damaged = [](std::string_view why) {
    return fail(ErrorCode::kDamaged, fmt::format("it is no message of a slot's log: {}", why));
  };
  if (!bytes.starts_with(kMagic)) return damaged("it begins otherwise");
  Cursor cursor(bytes.substr(kMagic.size()));
  const std::string_view version = cursor.bytes(1);
  if (cursor.failed()) return damaged("it ends too early");
  if (static_cast<std::uint8_t>(version.front()) > kMessageVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("it is of a later version of Gridloom (format {}; this version reads "
                            "{})",
                            static_cast<std::uint8_t>(version.front()), kMessageVersion));
  }
  LogMessage message;
  MessageHead& head = message.head;
  const std::string_view kind = cursor.bytes(1);
  head.revision = cursor.varint();
  head.writer = cursor.fixed64();
  head.node = cursor.text();
  head.first = cursor.varint();
  head.count = cursor.varint();
  const std::uint64_t part = cursor.varint();
  const std::uint64_t parts = cursor.varint();
  message.body = cursor.text();
  const std::size_t hashed = bytes.size() - cursor.rest().size();
  const std::uint64_t hash = cursor.fixed64();
  if (cursor.failed() || !cursor.at_end()) return damaged("its length is wrong");
  if (hash != XXH3_64bits(bytes.data(), hashed)) return damaged("its checksum is wrong");
  if (!is_kind(static_cast<std::uint8_t>(kind.front()))) return damaged("its kind is unknown");
  if (part >= parts || parts > UINT32_MAX || head.first + head.count < head.first) {
    return damaged("its numbers cannot be");
  }
  head.kind = static_cast<MessageKind>(kind.front());
  if (head.kind != MessageKind::kRecords && (head.count != 0 || !message.body.empty())) {
    return damaged("it has records");
  }
  head.part = static_cast<std::uint32_t>(part);
  head.parts = static_cast<std::uint32_t>(parts);
  return message;
}

Result<std::span<const Record>> RecordAssembler::add(const LogMessage& message) {
  const std::span<const Record> none;
  records_.clear();
  MessageHead head = message.head;
  head.node = {};
  const bool follows = head == awaited_;
  awaited_ = {};
  if (head.part == 0) joined_.clear();
  if (head.kind != MessageKind::kRecords || (head.part != 0 && !follows)) return none;
  if (message.body.size() > kLargestUnpacked_bytes - joined_.size()) {
    return fail(ErrorCode::kDamaged, "the parts of a write are too long");
  }
  joined_ += message.body;
  if (head.part + 1 < head.parts) {
    awaited_ = head;
    ++awaited_.part;
    return none;
  }
  GL_TRY(read_body(head.count));
  for (std::size_t i = 0; i < records_.size(); ++i) records_[i].sequence = head.first + i;
  return records_;
}

// Reads the records of joined_; their payloads are in unpacked_ then.
Status RecordAssembler::read_body(std::uint64_t count) {
  const auto damaged = [] {
    return fail(ErrorCode::kDamaged, "the records of a message of a slot's log are damaged");
  };
  const std::string_view body = joined_;
  if (body.empty()) return damaged();
  switch (static_cast<Packing>(body.front())) {
    case Packing::kRaw:
      unpacked_ = body.substr(1);
      break;
    case Packing::kZstd: {
      auto bytes = unpack(body.substr(1));
      if (!bytes) return damaged();
      unpacked_ = *std::move(bytes);
      break;
    }
    default:
      return damaged();
  }
  Cursor cursor(unpacked_);
  while (!cursor.at_end()) {
    const std::string_view kind = cursor.bytes(1);
    const std::string_view payload = cursor.text();
    if (cursor.failed()) break;
    records_.push_back({.kind = static_cast<RecordKind>(kind.front()), .payload = payload});
  }
  if (cursor.failed() || records_.size() != count) {
    records_.clear();
    return damaged();
  }
  return {};
}

}  // namespace gridloom::journal
