// Reads a report in one pass, without building a tree: the envelope's members and the body's values
// are returned as pieces of JSON text, which point into the payload or into buffers that the next
// read reuses. One reader per thread; results live as long as the payload, and until the next read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "twin/layout.h"

namespace gridloom::twin {

struct Member {
  std::string_view name;  // in the body: the quota name without the report's prefix
  std::string_view text;  // compact JSON
};

inline constexpr std::size_t kLongestNameBytes = 1024;

struct ReportLimits {
  std::size_t bytes = std::size_t{256} * 1024;
  std::size_t depth = 32;
  std::size_t members = 4096;  // total over all objects of the report
};

class ReportReader {
 public:
  explicit ReportReader(const ReportLimits& limits = {});
  ~ReportReader();
  ReportReader(const ReportReader&) = delete;
  ReportReader& operator=(const ReportReader&) = delete;

  // kMalformed: not a JSON object, or beyond the limits. If a message has no body (params, param),
  // the message itself is the body: devices that the catalogue does not know may report like this.
  [[nodiscard]] Status read(const Layout& layout, std::string_view payload);

  [[nodiscard]] const std::vector<Member>& envelope() const { return envelope_; }
  [[nodiscard]] const std::vector<Member>& body() const { return body_; }

  // The prefix that turns a name of the body into a quota name: the prefix of the report that the
  // envelope identifies, and the module's serial number if the body has one module's fields. Empty
  // for an undeclared report. Valid until the next call of read() or prefix().
  [[nodiscard]] std::string_view prefix(const Layout& layout);

  // A cache for the caller, because devices name their quotas in the same order in every report:
  // element 0 is the slot that came first in the last report; element slot + 1 (of a declared slot)
  // is the slot that followed it.
  [[nodiscard]] std::vector<std::size_t>& next_slots(const Layout& layout);

  // True on the first call with this slot since the last read.
  [[nodiscard]] bool mention(std::size_t slot);

 private:
  struct Handler;
  struct Parser;
  [[nodiscard]] Status parse(const Layout& layout, std::string_view payload);
  struct Span {
    std::size_t name = 0, name_size = 0, text = 0, text_size = 0;
  };

  [[nodiscard]] std::string_view module_of(const Layout::Envelope& envelope) const;
  [[nodiscard]] bool names_modules(const Layout::Envelope& envelope, std::string_view sn) const;

  std::unique_ptr<Parser> parser_;
  std::string prefix_;
  std::uint32_t reads_ = 0;
  std::vector<std::uint32_t> mentions_;  // by slot: value of reads_ at the last mention
  std::unordered_map<const Layout*, std::vector<std::size_t>> next_slots_;
  std::vector<Member> envelope_;
  std::vector<Member> body_;
};

}  // namespace gridloom::twin
