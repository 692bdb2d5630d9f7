// Saves a twin as text: {"quotas":[["pd.soc","77"],...]}. A quota's value is the JSON text that the
// device sent, as a string, so that it is restored byte by byte. Other members come from earlier
// versions and are ignored.
#include <fmt/format.h>

#include <utility>

#include "twin/twin.h"
#include "wire/json.h"

namespace gridloom::twin {
namespace {

using wire::Json;

Status malformed(std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("not a saved twin: {}", why));
}

const wire::JsonArray* list_of(const Json& object, std::string_view key) {
  const Json* found = wire::member(object, key);
  return found == nullptr ? nullptr : found->if_array();
}

}  // namespace

std::string Twin::save() const {
  std::string out = R"({"quotas":[)";
  for (std::size_t slot = 0; slot < slots(); ++slot) {
    if (text_of(slot).empty()) continue;
    if (out.back() != '[') out += ',';
    out += '[';
    wire::append_quoted(out, name_of(slot));
    out += ',';
    wire::append_quoted(out, text_of(slot));
    out += ']';
  }
  return out += "]}";
}

Status Twin::restore(std::string_view saved) {
  const auto parsed = wire::parse_json(saved, {.bytes = saved.size()});
  if (!parsed) return malformed(parsed.error().detail);
  const wire::JsonArray* quotas = list_of(*parsed, "quotas");
  if (quotas == nullptr) return malformed("quotas must be a list");
  for (const Json& quota : *quotas) {
    const wire::JsonArray* pair = quota.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
        !(*pair)[1].is_string() || (*pair)[1].get_string().empty()) {
      return malformed("a quota must be [name, value]");
    }
    Applied ignored;
    put((*pair)[0].get_string(), (*pair)[1].get_string(), ignored);
    version_ = 1;
  }
  return {};
}

}  // namespace gridloom::twin
