#include "http/web_socket_frames.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/printable.h"

namespace gridloom::http {
namespace {

constexpr unsigned kFinBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kCompressedBit = 0x40;
constexpr unsigned kTypeBits = 0x0f;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7f;
// A length up to kMaxShort stands in the second byte; else that says how many bytes the length has.
constexpr unsigned kMaxShort = 125;
constexpr unsigned kTwoBytes = 126;
constexpr unsigned kEightBytes = 127;

std::size_t length_bytes(unsigned second) {
  const unsigned length = second & kLengthBits;
  return length == kEightBytes ? 8 : length == kTwoBytes ? 2 : 0;
}

bool is_known(unsigned type) { return type <= 0x2 || (type >= 0x8 && type <= 0xa); }

void append_big_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)) & 0xffU);
}

}  // namespace

FrameReader::Step FrameReader::fail(std::string_view why) {
  error_ = why;
  return Step::kError;
}

bool FrameReader::fill_header(std::string_view& in, std::size_t size) {
  const std::size_t taken = std::min(size - header_bytes_, in.size());
  std::ranges::copy(in.substr(0, taken),
                    header_.begin() + static_cast<std::ptrdiff_t>(header_bytes_));
  header_bytes_ += taken;
  in.remove_prefix(taken);
  return header_bytes_ == size;
}

FrameReader::Step FrameReader::next(std::string_view& in, std::span<char> buffer) {
  if (!error_.empty()) return Step::kError;
  if (expects_ == Expects::kStart) {
    if (!fill_header(in, 2)) return Step::kNeedsInput;
    if (read_start() == Step::kError) return Step::kError;
    expects_ = Expects::kLengthAndMask;
  }
  if (expects_ == Expects::kLengthAndMask) {
    if (!fill_header(in, 2 + length_bytes(header_[1]) + kMaskBytes)) return Step::kNeedsInput;
    return read_length_and_mask();
  }
  return read_payload(in, buffer);
}

// Refuses a frame before the rest of its header has arrived, where the start suffices.
FrameReader::Step FrameReader::read_start() {
  const unsigned type = header_[0] & kTypeBits;
  is_last_ = (header_[0] & kFinBit) != 0;
  const unsigned reserved = header_[0] & kReservedBits;
  // The first frame says it of the whole message.
  const bool begins_message = type == 0x1 || type == 0x2;
  const bool is_compressed = reserved == kCompressedBit && may_be_compressed_ && begins_message;
  if (reserved != 0 && !is_compressed) return fail("a reserved bit is set");
  if (!is_known(type)) return fail("a frame has a reserved opcode");
  if ((header_[1] & kMaskBit) == 0) return fail("a client's frame must be masked");
  type_ = static_cast<FrameType>(type);
  if (is_control(type_)) {
    if (!is_last_) return fail("a control frame must not be fragmented");
    if (length_bytes(header_[1]) > 0) return fail("a control frame has at most 125 bytes");
    return Step::kNeedsInput;
  }
  if (type_ == FrameType::kContinuation && !in_message_)
    return fail("there is nothing to continue");
  if (type_ != FrameType::kContinuation && in_message_) {
    return fail("a message began before the last one ended");
  }
  if (begins_message) is_compressed_ = is_compressed;
  in_message_ = !is_last_;
  return Step::kNeedsInput;
}

FrameReader::Step FrameReader::read_length_and_mask() {
  const std::size_t bytes = length_bytes(header_[1]);
  size_ = bytes == 0 ? header_[1] & kLengthBits : 0;
  for (std::size_t i = 0; i < bytes; ++i) size_ = size_ << 8U | header_[2 + i];
  if ((bytes > 0 && size_ <= kMaxShort) || (bytes == 8 && size_ <= 0xffff)) {
    return fail("a length is not in its shortest form");
  }
  if (size_ >> 63U != 0) return fail("a length has more than 63 bits");
  std::memcpy(mask_.data(), &header_[2 + bytes], kMaskBytes);
  read_ = 0;
  header_bytes_ = 0;
  expects_ = Expects::kPayload;
  return Step::kHeader;
}

FrameReader::Step FrameReader::read_payload(std::string_view& in, std::span<char> buffer) {
  if (read_ == size_) {
    expects_ = Expects::kStart;
    return Step::kEnd;
  }
  const std::size_t taken = std::min({in.size(), buffer.size(), size_ - read_});
  if (taken == 0) return Step::kNeedsInput;
  // The mask as it stands for the first of these bytes, and twice, so that eight of them are
  // unmasked at once.
  std::array<char, 2 * kMaskBytes> mask{};
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = mask_[(read_ + i) % kMaskBytes];
  std::uint64_t mask_word = 0;
  std::memcpy(&mask_word, mask.data(), sizeof mask_word);
  std::size_t i = 0;
  for (; i + sizeof mask_word <= taken; i += sizeof mask_word) {
    std::uint64_t word = 0;
    std::memcpy(&word, &in[i], sizeof word);
    word ^= mask_word;
    std::memcpy(&buffer[i], &word, sizeof word);
  }
  for (; i < taken; ++i) buffer[i] = static_cast<char>(in[i] ^ mask[i % kMaskBytes]);
  payload_ = {buffer.data(), taken};
  in.remove_prefix(taken);
  read_ += taken;
  return Step::kPayload;
}

void append_frame(std::string& out, FrameType type, std::string_view payload, Packing packing) {
  const unsigned compressed = packing == Packing::kCompressed ? kCompressedBit : 0;
  out += static_cast<char>(kFinBit | compressed | static_cast<unsigned>(type));
  if (payload.size() <= kMaxShort) {
    out += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(kTwoBytes);
    append_big_endian(out, payload.size(), 2);
  } else {
    out += static_cast<char>(kEightBytes);
    append_big_endian(out, payload.size(), 8);
  }
  out += payload;
}

void append_close(std::string& out, CloseCode code, std::string_view why) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
  payload += why.substr(0, kMaxCloseReason);
  append_frame(out, FrameType::kClose, payload);
}

CloseCheck check_close(std::string_view payload) {
  if (payload.empty()) return {};
  if (payload.size() == 1) return {CloseCode::kProtocolError, "a Close has half a code"};
  const auto byte = [payload](std::size_t at) { return static_cast<std::uint8_t>(payload[at]); };
  const unsigned code = byte(0) * 256U + byte(1);
  // 1004 to 1006 and 1015 are never sent; those up to 2999 that have no meaning yet are reserved.
  const bool is_sent = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
  if (!is_sent) return {CloseCode::kProtocolError, "a Close has a code that is not to be sent"};
  if (!is_utf8(payload.substr(2)))
    return {CloseCode::kInvalidText, "a Close's reason is not UTF-8"};
  return {};
}

bool TextCheck::take(std::string_view piece) {
  std::string joined;
  if (!begun_.empty()) {
    joined = std::move(begun_.append(piece));
    piece = joined;
  }
  const std::size_t whole = whole_characters(piece);
  begun_ = piece.substr(whole);
  return is_utf8(piece.substr(0, whole));
}

bool TextCheck::end() {
  const bool complete = begun_.empty();
  begun_.clear();
  return complete;
}

}  // namespace gridloom::http
