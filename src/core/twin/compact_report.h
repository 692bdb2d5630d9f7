// A fast in-place reader for reports in the form devices usually send: the values it returns are
// views into the payload. This form is JSON of printable ASCII without escapes or exponents, and
// without spaces inside an object or array that is one value, of families whose reports have an
// envelope. ReportReader's parser reads or refuses all other forms.
//
// Devices name their quotas in the same order in every report. So the reader expects the quota that
// followed the last one before, and compares its name with the payload instead of searching it.
//
// One reader per thread; the results of a read live as long as its payload and its layout, and
// until the next read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "twin/layout.h"
#include "twin/member.h"

namespace gridloom::twin {

class CompactReader {
 public:
  // False if the payload has another form or is no report; the vectors may then hold part of it.
  // `body` gets the members of the first `params` or `param` that is an object, or of the whole
  // message if there is none. If the family nests, an object in the body is a group, unless
  // Layout::is_value. `kind` becomes Layout::kind_of the envelope.
  [[nodiscard]] bool read(const Layout& layout, const ReportLimits& limits,
                          std::string_view payload, std::vector<Member>& envelope,
                          std::vector<Member>& body, std::size_t& kind);

 private:
  class Scanner;

  // By declared slot, the one that followed in a report; behind these, by kind of report, the one
  // that came first. Member::kUnknown: none did.
  std::unordered_map<const Layout*, std::vector<std::uint32_t>> next_slots_;
  std::string names_;  // of the members of groups; never reallocated during a read
  std::string path_;   // the report's prefix and the open groups, each with a dot behind it
};

}  // namespace gridloom::twin
