// Reads a report in one pass, without building a tree: the envelope's members and the body's values
// are returned as pieces of JSON text, which point into the payload, into the layout or into
// buffers that the next read reuses. One reader per thread; results live as long as the payload and
// the layout, and until the next read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "twin/compact_report.h"
#include "twin/layout.h"
#include "twin/member.h"

namespace gridloom::twin {

class ReportReader {
 public:
  explicit ReportReader(const ReportLimits& limits = {});
  ~ReportReader();
  ReportReader(const ReportReader&) = delete;
  ReportReader& operator=(const ReportReader&) = delete;

  // kMalformed: not a JSON object, or beyond the limits. If a message has no body (params, param),
  // the message itself is the body: devices that the catalogue does not know may report like this.
  [[nodiscard]] Status read(const Layout& layout, std::string_view payload);

  // Without members that have a number beyond a double: 1e999.
  [[nodiscard]] const std::vector<Member>& envelope() const { return envelope_; }
  [[nodiscard]] const std::vector<Member>& body() const { return body_; }

  // The prefix that turns a name of the body into a quota name: the prefix of the report that the
  // envelope identifies, and the module's serial number if the body has one module's fields. Empty
  // for an undeclared report. Valid until the next call of read() or prefix().
  [[nodiscard]] std::string_view prefix(const Layout& layout);

  // The quota name of a member of the body, for the prefix that prefix() returned. A body may
  // contain full names even if its report has a prefix. Valid until the next call.
  [[nodiscard]] std::string_view quota_name(const Layout& layout, std::string_view prefix,
                                            std::string_view name);

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

  CompactReader compact_;
  std::unique_ptr<Parser> parser_;
  std::optional<std::size_t> kind_;  // Layout::kind_of the envelope, if it is known
  std::string prefix_;
  std::string quota_name_;
  std::uint32_t reads_ = 0;
  std::vector<std::uint32_t> mentions_;  // by slot: value of reads_ at the last mention
  std::vector<Member> envelope_;
  std::vector<Member> body_;
};

}  // namespace gridloom::twin
