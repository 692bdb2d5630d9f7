// Reads one report in one pass, without building a tree: the envelope's members and the body's
// values as pieces of JSON text, which stand in the payload or in buffers that are used again for
// the next report. One reader a thread; what it returns lives as long as the payload, and until the
// next read.
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
  std::string_view name;  // of the body: the quota name without the report's prefix
  std::string_view text;  // compact JSON
};

inline constexpr std::size_t kLongestNameBytes = 1024;

struct ReportLimits {
  std::size_t bytes = std::size_t{256} * 1024;
  std::size_t depth = 32;
  std::size_t members = 4096;  // of all its objects together
};

class ReportReader {
 public:
  explicit ReportReader(const ReportLimits& limits = {});
  ~ReportReader();
  ReportReader(const ReportReader&) = delete;
  ReportReader& operator=(const ReportReader&) = delete;

  // kMalformed: not a JSON object, or beyond the limits. A message without a
  // body (params, param) is its own body: that is how devices which the catalogue does not know may
  // report.
  [[nodiscard]] Status read(const Layout& layout, std::string_view payload);

  [[nodiscard]] const std::vector<Member>& envelope() const { return envelope_; }
  [[nodiscard]] const std::vector<Member>& body() const { return body_; }

  // What stands before each name of the body to make a quota's name of it: the prefix of the report
  // that the envelope tells of, and the module's serial number where the body is one module's
  // fields. Empty for a report that is not declared. Good until the next read or prefix.
  [[nodiscard]] std::string_view prefix(const Layout& layout);

  // By declared slot + 1, which slot a report named next the last time; at 0, which came first. For
  // the caller to remember in: devices name their quotas in the same order again and again.
  [[nodiscard]] std::vector<std::size_t>& next_slots(const Layout& layout);

  // True for the first time that this is called with the slot since the last read.
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
  std::vector<std::uint32_t> mentions_;  // by slot: the read of its last mention
  std::unordered_map<const Layout*, std::vector<std::size_t>> next_slots_;
  std::vector<Member> envelope_;
  std::vector<Member> body_;
};

}  // namespace gridloom::twin
