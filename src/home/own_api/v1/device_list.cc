#include "own_api/v1/device_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "api/message/params.h"
#include "base/ascii.h"
#include "base/nearest.h"
#include "own_api/bodies/home.h"
#include "wire/json.h"

namespace gridloom::api {
namespace {

using overview::Freshness;

// Empty: the parameter is not given.
std::string_view text_of(const wire::JsonObject& params, std::string_view key) {
  const wire::Json* value = params.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

std::string lowered(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(), lower);
  return made;
}

Result<std::optional<std::size_t>> limit_in(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  if (is_number && limit >= 1 && limit <= DeviceChoice::kMaxLimit) return limit;
  return fail(ErrorCode::kBadParams,
              fmt::format("limit is {}: must be 1 to {}", shown(text), DeviceChoice::kMaxLimit));
}

Result<std::vector<Freshness>> states_in(std::string_view text) {
  std::vector<Freshness> states;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto& all = schema::Words<Freshness>::kValues;
    const auto* const found = std::ranges::find_if(
        all, [name](Freshness each) { return overview::name_of(each) == name; });
    if (found == all.end()) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("state is {}: must be some of {}, separated by commas", shown(name),
                              joined_or(schema::words_of_enum<Freshness>())));
    }
    states.push_back(*found);
  }
  return states;
}

Status check_family(std::string_view id, const catalog::Catalog& catalog) {
  if (id.empty() || catalog.find(id) != nullptr) return {};
  std::vector<std::string_view> ids;
  for (const catalog::FamilyPtr& family : catalog.families()) ids.emplace_back(family->id);
  return fail(ErrorCode::kBadParams,
              fmt::format("family is {}: must be one of GET /api/v1/families{}", shown(id),
                          did_you_mean(id, ids)));
}

}  // namespace

Result<DeviceChoice> parse_device_choice(const wire::JsonObject& params,
                                         const catalog::Catalog& catalog) {
  DeviceChoice choice{.after = std::string(text_of(params, "after")),
                      .family = std::string(text_of(params, "family")),
                      .search = lowered(text_of(params, "q"))};
  GL_TRY(auto limit, limit_in(text_of(params, "limit")));
  choice.limit = limit;
  GL_TRY(auto states, states_in(text_of(params, "state")));
  choice.states = std::move(states);
  GL_TRY(check_family(choice.family, catalog));
  if (choice.search.size() > DeviceChoice::kMaxSearch) {
    return fail(ErrorCode::kBadParams, fmt::format("q is {} bytes: must be at most {}",
                                                   choice.search.size(), DeviceChoice::kMaxSearch));
  }
  return choice;
}

std::string search_text(std::initializer_list<std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts) all.append(lowered(text)).append(1, '\n');
  return all;
}

void list_devices(const DeviceList& list, const DeviceChoice& choice,
                  const StringMap<overview::Freshness>* states, const AnswerForm& form,
                  Callback<http::Response> done) {
  const registry::AccountId account = list.account;
  const auto is_wanted = [&](const DeviceRow& row) {
    if (!choice.family.empty() && row.family != choice.family) return false;
    if (!row.search.contains(choice.search)) return false;
    if (choice.states.empty()) return true;
    const auto state = states->find(row.sn);
    return state != states->end() &&
           std::ranges::find(choice.states, state->second) != choice.states.end();
  };
  DeviceRows::Choice rows{.after = choice.after, .is_wanted = is_wanted};
  if (choice.limit) rows.limit = *choice.limit;
  const DeviceRows::Page page = list.rows.page(
      list.hub.platform().registry.directory(), account, {.online = "true", .offline = "false"},
      [&](std::string_view sn) { return list.hub.online(account, sn); }, rows);
  if (!page.is_after_known) {
    return done(form.failure(
        {.code = ErrorCode::kBadParams,
         .detail = fmt::format("after is {}: must be `next` of the page before, a device that the "
                               "account may still read",
                               shown(choice.after))}));
  }
  std::string text = fmt::format(R"({{"devices":[{}])", page.text);
  if (page.has_more) {
    text += R"(,"next":)";
    wire::append_quoted(text, page.last);
  }
  text += '}';
  done(form.success_shared(std::move(text)));
}

}  // namespace gridloom::api
