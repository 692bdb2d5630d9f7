#include "bridges/meter/dns_message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace gridloom::bridges::meter::dns {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::uint16_t kResponseFlag = 0x8000;
constexpr std::uint16_t kAuthoritative = 0x0400;
constexpr std::uint16_t kTopBit = 0x8000;  // of a class: unicast is wanted, or caches are flushed
constexpr std::uint8_t kPointer = 0xc0;

// Reads from the front. After an error everything reads as nothing.
class Reader {
 public:
  explicit Reader(std::string_view message) : message_(message) {}

  [[nodiscard]] bool is_good() const { return good_; }

  std::uint8_t byte() {
    if (at_ >= message_.size()) {
      good_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(message_[at_++]);
  }
  std::uint16_t u16() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>((high << 8U) | byte());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return (high << 16U) | u16();
  }
  void skip(std::size_t bytes) {
    if (bytes > message_.size() - at_) {
      good_ = false;
    } else {
      at_ += bytes;
    }
  }
  [[nodiscard]] std::size_t at() const { return at_; }

  // A pointer must lead to before the place where reading was last continued, so that it cannot
  // loop.
  Name name() {
    Name labels;
    std::size_t bytes = 1;
    std::size_t least = at_;
    std::optional<std::size_t> after;  // where the message continues, once a pointer was followed
    while (good_) {
      const std::uint8_t length = byte();
      if (length == 0) break;
      if ((length & kPointer) == kPointer) {
        const std::size_t to = (std::size_t{length & 0x3fU} << 8U) | byte();
        if (!good_ || to >= least) return refuse();
        if (!after) after = at_;
        at_ = least = to;
        continue;
      }
      bytes += 1U + length;
      if (length > kMaxLabel || bytes > kMaxName || length > message_.size() - at_) return refuse();
      labels.emplace_back(message_.substr(at_, length));
      at_ += length;
    }
    if (after) at_ = *after;
    return good_ ? std::move(labels) : Name();
  }

 private:
  Name refuse() {
    good_ = false;
    return {};
  }

  std::string_view message_;
  std::size_t at_ = 0;
  bool good_ = true;
};

void put_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8U));
  out.push_back(static_cast<char>(value & 0xffU));
}

void put_u32(std::string& out, std::uint32_t value) {
  put_u16(out, static_cast<std::uint16_t>(value >> 16U));
  put_u16(out, static_cast<std::uint16_t>(value & 0xffffU));
}

void put_records(std::string& out, const std::vector<Record>& records) {
  for (const Record& each : records) {
    out += encoded(each.name);
    put_u16(out, each.type);
    put_u16(out, each.is_unique ? kClassInternet | kTopBit : kClassInternet);
    put_u32(out, each.ttl_s);
    put_u16(out, static_cast<std::uint16_t>(each.data.size()));
    out += each.data;
  }
}

KnownAnswer read_answer(Reader& reader) {
  KnownAnswer answer{.name = reader.name(), .type = reader.u16()};
  reader.u16();  // its class
  answer.ttl_s = reader.u32();
  const std::size_t length = reader.u16();
  const std::size_t begin = reader.at();
  if (answer.type != kTypePtr) {
    reader.skip(length);
    return answer;
  }
  answer.target = reader.name();
  // The name must fill the data exactly.
  if (reader.at() != begin + length) reader.skip(kMaxMessage);
  return answer;
}

}  // namespace

bool same_name(const Name& a, const Name& b) {
  return std::ranges::equal(a, b, [](const std::string& one, const std::string& other) {
    return std::ranges::equal(one, other, {}, lower, lower);
  });
}

Result<Query> parse_query(std::string_view message) {
  if (message.size() > kMaxMessage) return fail(ErrorCode::kMalformed, "it is too long");
  Reader reader(message);
  Query query{.id = reader.u16()};
  query.is_response = (reader.u16() & kResponseFlag) != 0;
  const std::size_t questions = reader.u16();
  const std::size_t answers = reader.u16();
  reader.u32();  // authorities and additional records are not read
  if (!reader.is_good()) return fail(ErrorCode::kMalformed, "it has no whole header");
  if (query.is_response) return query;
  if (questions > kMaxEntries || answers > kMaxEntries) {
    return fail(ErrorCode::kMalformed, "it has too many entries");
  }
  for (std::size_t i = 0; i < questions && reader.is_good(); ++i) {
    Question question{.name = reader.name(), .type = reader.u16()};
    question.query_class = static_cast<std::uint16_t>(reader.u16() & ~unsigned{kTopBit});
    query.questions.push_back(std::move(question));
  }
  for (std::size_t i = 0; i < answers && reader.is_good(); ++i) {
    query.known.push_back(read_answer(reader));
  }
  if (!reader.is_good()) return fail(ErrorCode::kMalformed, "it ends early, or has a bad name");
  return query;
}

std::string encoded(const Name& name) {
  std::string out;
  for (const std::string& label : name) {
    const std::string_view some = std::string_view(label).substr(0, kMaxLabel);
    out.push_back(static_cast<char>(some.size()));
    out += some;
  }
  out.push_back('\0');
  return out;
}

std::string encode(const Response& response) {
  std::string out;
  put_u16(out, response.id);
  put_u16(out, kResponseFlag | kAuthoritative);
  put_u16(out, static_cast<std::uint16_t>(response.questions.size()));
  put_u16(out, static_cast<std::uint16_t>(response.answers.size()));
  put_u16(out, 0);
  put_u16(out, static_cast<std::uint16_t>(response.additional.size()));
  for (const Question& each : response.questions) {
    out += encoded(each.name);
    put_u16(out, each.type);
    put_u16(out, each.query_class);
  }
  put_records(out, response.answers);
  put_records(out, response.additional);
  return out;
}

}  // namespace gridloom::bridges::meter::dns
