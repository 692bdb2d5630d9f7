// The parameters of queries that the routes of own_api/v1/own_api.h take: a request with another
// name is refused, and /openapi.json describes each. Constant data; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/schema/body.h"
#include "base/result.h"
#include "catalog/language.h"
#include "own_api/bodies/energy.h"
#include "own_api/bodies/events.h"
#include "own_api/bodies/home.h"
#include "own_api/bodies/series.h"
#include "own_api/history/events.h"
#include "own_api/v1/device_list.h"
#include "wire/json.h"

namespace gridloom::api {

// How a value is written. The handlers of the routes check it.
struct ParameterForm {
  schema::Type type = schema::kType<std::string_view>;  // a text, one of words, or a whole number
  bool is_list = false;                                 // of such values, separated by commas
  std::string_view pattern{};           // of a text: a regular expression of ECMA-262
  std::optional<std::int64_t> least{};  // number
  std::optional<std::int64_t> most{};
  std::string_view example{};
};

struct OwnParameter {
  std::string_view name;
  std::string_view text;  // what it means
  bool required = false;
  ParameterForm form{};
};

// kBadParams: the query has a parameter that is not one of `known`. The detail names it, those of
// `route` ("GET /api/v1/me"), and the ones that may be meant.
[[nodiscard]] Status check_names(const wire::JsonObject& query, std::span<const OwnParameter> known,
                                 std::string_view route);
// Checks the members of a body in the same way; an open one may have any.
[[nodiscard]] Status check_names(const wire::JsonObject& body, const schema::Body& known);

// The grammar of src/core/time/grammar.h (tested).
inline constexpr ParameterForm kTimeForm{
    .pattern =
        "^(now|today|yesterday|-[0-9]+(w|d|h|min|m|s|ms)|[0-9]+|"
        "([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}\\.[0-9]{2}\\.[0-9]{4})([T ].*)?)$",
    .example = "-7d"};
inline constexpr std::string_view kFrom =
    "begin: a day, a time in ISO 8601, Unix milliseconds, or back from now as -7d";
inline constexpr std::string_view kTo =
    "end, written as from, or now; it does not belong to the span";
inline constexpr OwnParameter kFromParameter{"from", kFrom, false, kTimeForm};
inline constexpr OwnParameter kToParameter{"to", kTo, false, kTimeForm};
struct LanguageTag {
  static constexpr std::string_view kName{};
  static constexpr auto kWords = catalog::kLanguageTags;
};
inline constexpr OwnParameter kLanguageParameter{
    "lang",
    "language of titles and meanings; en if it is left out, and for texts without a translation",
    false,
    {.type = schema::kType<schema::WordOf<LanguageTag>>, .example = "de"}};
inline constexpr std::array kLanguageQuery = {kLanguageParameter};
inline constexpr std::array kCommandQuery = {
    OwnParameter{"wait",
                 "how long to wait for the state to be final, as 10s; 30s at most, and not at all "
                 "if it is left out",
                 false,
                 {.pattern = "^[0-9]+(s|ms)$", .example = "10s"}},
};
inline constexpr std::array kEnergyQuery = {
    OwnParameter{"period",
                 "day, week, month or year; day if it is left out",
                 false,
                 {.type = schema::kType<schema::WordOf<body::Period>>, .example = "week"}},
    kFromParameter,
    kToParameter,
    OwnParameter{"compare",
                 "previous adds the span before, of the same length in the calendar",
                 false,
                 {.type = schema::kType<schema::WordOf<body::Comparison>>, .example = "previous"}},
};
inline constexpr std::array kHomeSeriesQuery = {
    kFromParameter,
    kToParameter,
    OwnParameter{"step",
                 "whole quarters of an hour, such as 15m or 1h; 15m if it is left out",
                 false,
                 {.pattern = "^[0-9]+(w|d|h|min|m|s|ms)$", .example = "15m"}},
    OwnParameter{"devices",
                 "serial numbers, at most 16, separated by commas: the home has these devices "
                 "alone, and each is answered by itself too",
                 false,
                 {.is_list = true,
                  .pattern = "^[A-Za-z0-9._-]+$",
                  .example = "R331ZEB4ZEAL0528,HJ31ZDH2ZF690025"}},
};
inline constexpr std::array kMetricsQuery = {
    OwnParameter{"fields",
                 "names of fields, separated by commas; * stands for any text at the end; all if "
                 "it is left out",
                 false,
                 {.is_list = true, .pattern = R"(^([^,*]+\*?|\*)$)", .example = "pd.soc,inv.*"}},
    OwnParameter{"devices",
                 "serial numbers, separated by commas: these devices alone, without the home",
                 false,
                 {.is_list = true,
                  .pattern = "^[A-Za-z0-9._-]+$",
                  .example = "R331ZEB4ZEAL0528,HJ31ZDH2ZF690025"}},
};
inline constexpr std::array kHistoryQuery = {
    OwnParameter{"fields",
                 "names of fields, separated by commas; * stands for any text",
                 true,
                 {.is_list = true, .pattern = R"(^([^,*]+\*?|\*)$)", .example = "pd.soc,inv.*"}},
    kFromParameter,
    kToParameter,
    OwnParameter{"step",
                 "length of a step, such as 15m; every reported value if it is left out",
                 false,
                 {.pattern = "^[0-9]+(w|d|h|min|m|s|ms)$", .example = "15m"}},
    OwnParameter{"aggregate",
                 "mean, min, max, sum, count, last or integral of a step's values",
                 false,
                 {.type = schema::kType<history::Aggregate>, .example = "max"}},
    OwnParameter{"points",
                 "at most this many points, chosen so that a curve keeps its form",
                 false,
                 {.type = schema::kType<std::int64_t>, .least = 3, .example = "1000"}},
    OwnParameter{"format",
                 "json or csv; json if it is left out",
                 false,
                 {.type = schema::kType<schema::WordOf<body::HistoryFormat>>, .example = "csv"}},
};
inline constexpr std::array kEventQuery = {
    kFromParameter,
    kToParameter,
    OwnParameter{"kind",
                 "kinds of events, separated by commas; all if it is left out",
                 false,
                 {.type = schema::kType<journal::EventKind>,
                  .is_list = true,
                  .example = "fault.began,fault.ended"}},
    OwnParameter{"limit",
                 "at most so many events, 1 to 1000; 100 if it is left out",
                 false,
                 {.type = schema::kType<std::int64_t>,
                  .least = 1,
                  .most = EventRequest::kMaxLimit,
                  .example = "50"}},
    OwnParameter{"cursor",
                 "next of the page before, for the events that follow it",
                 false,
                 {.pattern = "^-?[0-9]+-[0-9]+$", .example = "1764144005000-77824"}},
    kLanguageParameter,
};
inline constexpr std::array kDeviceQuery = {
    OwnParameter{"limit",
                 "at most so many devices, 1 to 1000; all if it is left out",
                 false,
                 {.type = schema::kType<std::int64_t>,
                  .least = 1,
                  .most = DeviceChoice::kMaxLimit,
                  .example = "100"}},
    OwnParameter{"after",
                 "next of the page before, for the devices that follow it",
                 false,
                 {.pattern = "^[A-Za-z0-9._-]+$", .example = "R331ZEB4ZEAL0528"}},
    OwnParameter{
        "state",
        "states of the home's devices, separated by commas; any if it is left out",
        false,
        {.type = schema::kType<overview::Freshness>, .is_list = true, .example = "quiet,offline"}},
    OwnParameter{"family",
                 "id of a family; any if it is left out",
                 false,
                 {.pattern = "^[a-z0-9_]+$", .example = "delta_2"}},
    OwnParameter{"q",
                 "a text in the serial number, the name or the product, in any case",
                 false,
                 {.pattern = "^.{1,100}$", .example = "kitchen"}},
};

}  // namespace gridloom::api
