// The form of what SlotLog appends to its stream: a message has a head, which says who wrote it and
// which records it has, and a body, in which the records are.
//
// The records of one write are packed together. If they are more than one message takes, their
// bytes are cut into parts, one a message, which follow each other in the stream without another
// message between them: whoever reads joins them (RecordAssembler).
//
// docs/internals/formats.md shows the bytes. The reader works on untrusted bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"

namespace gridloom::journal {

inline constexpr std::uint8_t kMessageVersion = 1;
// The most bytes of a body in one message.
inline constexpr std::size_t kLargestBody_bytes = std::size_t{256} * 1024;
// The most bytes that the body of one write has when it is unpacked.
inline constexpr std::size_t kLargestUnpacked_bytes = std::size_t{1} << 30U;

// The numbers are stored.
enum class MessageKind : std::uint8_t {
  kOrigin = 1,   // the first message of a stream: of nobody, without records
  kFence = 2,    // begins the writes of an owner, without records
  kRecords = 3,  // a part of the records of one write
};

struct MessageHead {
  MessageKind kind{};
  std::uint64_t revision = 0;  // counts the owners of the slot
  std::uint64_t writer = 0;    // a random number: of one opening of the log
  std::string_view node{};     // the owner's name, for people
  std::uint64_t first = 0;     // the number of the first record; without records: of the next one
  std::uint64_t count = 0;     // of records, in all parts together
  std::uint32_t part = 0;
  std::uint32_t parts = 1;
  friend bool operator==(const MessageHead&, const MessageHead&) = default;
};

// The number of the first record behind the message: the records of a write exist once all parts
// of it do.
[[nodiscard]] constexpr std::uint64_t next_record(const MessageHead& head) {
  return head.part + 1 == head.parts ? head.first + head.count : head.first;
}

// The body of a write: the records, compressed if that makes them smaller.
[[nodiscard]] std::string make_body(std::span<const Record> records);
// Into how many parts it is cut, and which bytes are in one.
[[nodiscard]] constexpr std::uint32_t parts_of(std::string_view body) {
  return static_cast<std::uint32_t>((body.size() + kLargestBody_bytes - 1) / kLargestBody_bytes);
}
[[nodiscard]] constexpr std::string_view part_of(std::string_view body, std::size_t part) {
  return body.substr(part * kLargestBody_bytes, kLargestBody_bytes);
}
[[nodiscard]] std::string make_message(const MessageHead& head, std::string_view body);

struct LogMessage {
  MessageHead head{};
  std::string_view body{};
};
// Views point into `bytes`. kDamaged: it is no message of a log. kMalformed: it is one of a later
// version.
[[nodiscard]] Result<LogMessage> read_message(std::string_view bytes);

// Puts the records of messages together, which come in the stream's order.
class RecordAssembler {
 public:
  // Records that are complete with this message, in their order; valid until the next call. Parts
  // of a write that was not finished are dropped, and so is one that began before the first call.
  // kDamaged: the body is not what the head claims.
  [[nodiscard]] Result<std::span<const Record>> add(const LogMessage& message);
  // The whole body of the write whose records were complete last.
  [[nodiscard]] std::string_view body() const { return joined_; }

 private:
  [[nodiscard]] Status read_body(std::uint64_t count);

  std::string joined_;     // the parts so far, of one write
  MessageHead awaited_{};  // of the part that may follow, without its node
  std::string unpacked_;
  std::vector<Record> records_;
};

}  // namespace gridloom::journal
