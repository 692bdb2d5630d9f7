// A fast in-place reader for reports in the form devices usually send: the names and values it
// returns are views into the payload. This form is JSON of printable ASCII without escapes or
// exponents, and without spaces inside an object or array that is one value. ReportReader's parser
// reads or refuses all other forms.
#pragma once

#include <string_view>
#include <vector>

#include "twin/report_reader.h"

namespace gridloom::twin {

// False if the payload has another form or is no report; the vectors may then hold part of it.
// `body` gets the members of the first `params` or `param` that is an object, or of the whole
// message if there is none. Objects in the body are values, never groups.
[[nodiscard]] bool read_compact_report(std::string_view payload, const ReportLimits& limits,
                                       std::vector<Member>& envelope, std::vector<Member>& body);

}  // namespace gridloom::twin
