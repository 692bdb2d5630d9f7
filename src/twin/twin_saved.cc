// A twin as text: {"quotas":[["pd.soc","77"],...],"hours":[[486133,1.5,...],...]}. A quota's value
// is the JSON text that the device sent, as a string, so that it comes back byte by byte.
#include <fmt/format.h>

#include <utility>

#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::twin {
namespace {

using wire::Json;

Status malformed(std::string_view why) {
  return fail(FaultKind::kMalformed, fmt::format("this is no saved twin: {}", why));
}

const wire::JsonArray* list_of(const Json& object, std::string_view key) {
  const Json* found = wire::member(object, key);
  return found == nullptr ? nullptr : found->if_array();
}

}  // namespace

std::string Twin::save() const {
  std::string out = R"({"quotas":[)";
  for (std::size_t slot = 0; slot < declared_.size() + extra_.size(); ++slot) {
    if (text_of(slot).empty()) continue;
    if (out.back() != '[') out += ',';
    out += '[';
    wire::append_quoted(out, name_of(slot));
    out += ',';
    wire::append_quoted(out, text_of(slot));
    out += ']';
  }
  out += R"(],"hours":[)";
  for (const Hour& hour : hours_) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), "[{}", hour.hour);
    for (const double wh : hour.wh) fmt::format_to(std::back_inserter(out), ",{}", wh);
    out += ']';
  }
  return out += "]}";
}

Status Twin::restore(std::string_view saved) {
  const auto parsed = wire::parse_json(saved, {.bytes = saved.size()});
  if (!parsed) return malformed(parsed.error().detail);
  const wire::JsonArray* quotas = list_of(*parsed, "quotas");
  const wire::JsonArray* hours = list_of(*parsed, "hours");
  if (quotas == nullptr || hours == nullptr) return malformed("quotas and hours are lists");
  for (const Json& quota : *quotas) {
    const wire::JsonArray* pair = quota.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
        !(*pair)[1].is_string() || (*pair)[1].get_string().empty()) {
      return malformed("a quota is [name, value]");
    }
    Applied ignored;
    put((*pair)[0].get_string(), (*pair)[1].get_string(), ignored);
    version_ = 1;
  }
  for (const Json& row : *hours) {
    const wire::JsonArray* numbers = row.if_array();
    Hour hour;
    if (numbers == nullptr || numbers->size() != hour.wh.size() + 1 ||
        !wire::is_whole((*numbers)[0])) {
      return malformed("an hour is [hour, energies]");
    }
    hour.hour = wire::whole((*numbers)[0]);
    for (std::size_t i = 0; i < hour.wh.size(); ++i) {
      if (!(*numbers)[i + 1].is_number()) return malformed("an energy is a number");
      hour.wh.at(i) = (*numbers)[i + 1].to_number<double>();
    }
    hours_.push_back(hour);
  }
  return {};
}

}  // namespace gridloom::twin
