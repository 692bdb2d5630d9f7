// Reads a report in the form in which devices send it, in place: its names and values are pieces of
// the payload. That form is JSON of printable ASCII without escapes or exponents, and without space
// inside an object or array that is one value. Everything else is ReportReader's parser's to read
// or to refuse.
#pragma once

#include <string_view>
#include <vector>

#include "twin/report_reader.h"

namespace gridloom::twin {

// False: the payload has another form, or is no report; the vectors may then hold part of it.
// `body` gets the members of the first `params` or `param` that is an object, or of the whole
// message if there is none; no object of a body is a group.
[[nodiscard]] bool read_compact_report(std::string_view payload, const ReportLimits& limits,
                                       std::vector<Member>& envelope, std::vector<Member>& body);

}  // namespace gridloom::twin
