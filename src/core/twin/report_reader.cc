#include "twin/report_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "wire/json.h"

namespace gridloom::twin {
namespace {

constexpr std::size_t kLongestSerial = 64;
// The limit for all full names of a report together: each value of a group repeats the group's
// name, so a short report could expand into many bytes.
constexpr std::size_t kNameBytes = std::size_t{16} * 1024;
constexpr std::size_t kNameGrowth = 4;  // additional bytes per byte of the report
constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

// The object or array that is copied as one value.
struct Copying {
  std::size_t depth = 0;  // 0: none
  std::size_t start = 0;
  bool is_beyond = false;  // it, or a value of its own, has a number too large for a double
};

}  // namespace

// Depth 1 is the envelope, or the body of a family whose reports have none: until one has.
// Otherwise the body's members have depth 2. They have more if the family nests: then an object is
// a group whose name is joined to its members' names with a dot, unless the family has a quota of
// that name. Anything else is one value, copied compactly into `text`.
struct ReportReader::Handler {
  explicit Handler(const ReportLimits& given) : limits(given) {}

  // All of these are limited by the size of the whole report.
  static constexpr std::size_t max_object_size = kAny;
  static constexpr std::size_t max_array_size = kAny;
  static constexpr std::size_t max_key_size = kLongestNameBytes;
  static constexpr std::size_t max_string_size = kAny;
  using error_code = boost::system::error_code;

  ReportLimits limits;
  const Layout* layout = nullptr;
  std::string text;   // all values, concatenated
  std::string names;  // all names, concatenated
  std::string path;   // path of the open groups
  std::string key;    // the key being read
  std::vector<std::size_t> path_sizes;
  std::vector<Span> envelope;
  std::vector<Span> body;
  std::size_t depth = 0;
  std::size_t body_depth = 2;  // of the body's members
  Copying copying;
  std::size_t members = 0;
  std::size_t most_name_bytes = 0;
  bool in_body = false;
  bool has_body = false;
  bool is_object = true;
  bool comma = false;
  std::string refusal;  // set if the report is refused although the JSON is valid

  void reset(const Layout& of, std::size_t report_bytes) {
    layout = &of;
    body_depth = of.family->messages.report_body.empty() ? 1 : 2;
    most_name_bytes = kNameBytes + kNameGrowth * report_bytes;
    text.clear(), names.clear(), path.clear(), key.clear();
    path_sizes.clear(), envelope.clear(), body.clear();
    copying = {};
    depth = members = 0;
    in_body = has_body = comma = false;
    is_object = true;
    refusal.clear();
  }

  // A number that no reader of our answers could hold is none: its member is left out.
  void record(std::size_t start) {
    if (std::exchange(copying.is_beyond, false)) return text.resize(start);
    Span span{
        .name = names.size(), .name_size = 0, .text = start, .text_size = text.size() - start};
    if (in_body && !path.empty()) names.append(path).append(1, '.');
    names += key;
    span.name_size = names.size() - span.name;
    (in_body ? body : envelope).push_back(span);
  }

  void separate() {
    if (comma) text += ',';
    comma = true;
  }
  // Handles a scalar: a value of its own, or part of a value that is being copied.
  template <typename Append>
  bool scalar(error_code& ec, Append append) {
    if (depth == 0) return is_object = false, refuse(ec);
    if (copying.depth != 0) {
      separate();
      append();
      return true;
    }
    const std::size_t start = text.size();
    append();
    record(start);
    return true;
  }
  static bool refuse(error_code& ec) {
    ec = boost::json::error::syntax;
    return false;
  }
  bool enter(error_code& ec) {
    if (++depth <= limits.depth) return true;
    refusal = fmt::format("a report is nested at most {} deep", limits.depth);
    return refuse(ec);
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code& ec) {
    if (!enter(ec)) return false;
    if (copying.depth != 0) return separate(), text += '{', comma = false, true;
    if (depth == 1) {
      in_body = has_body = body_depth == 1;
      return true;
    }
    if (depth == 2 && (!has_body || body_depth == 1) && (key == "params" || key == "param")) {
      // Before it stood the envelope, in a family whose reports have none too.
      if (body_depth == 1) envelope.swap(body);
      body_depth = 2;
      in_body = has_body = true;
      return true;
    }
    return in_body && layout->family->messages.nested && open_group() ? true : open('{');
  }
  // False if the object is one value.
  bool open_group() {
    const std::size_t size = path.size();
    if (!path.empty()) path += '.';
    path += key;
    if (layout->is_value(path)) {
      path.resize(size);
      return false;
    }
    path_sizes.push_back(size);
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    if (copying.depth != 0) {
      text += '}';
      close();
    } else if (depth == body_depth) {
      in_body = false;
    } else if (depth > body_depth) {
      path.resize(path_sizes.back());
      path_sizes.pop_back();
    }
    --depth;
    return true;
  }
  bool on_array_begin(error_code& ec) {
    if (!enter(ec)) return false;
    if (depth == 1) return is_object = false, refuse(ec);
    if (copying.depth != 0) return separate(), text += '[', comma = false, true;
    return open('[');
  }
  bool on_array_end(std::size_t, error_code&) {
    text += ']';
    close();
    --depth;
    return true;
  }
  bool open(char bracket) {
    copying.depth = depth;
    copying.start = text.size();
    text += bracket;
    comma = false;
    return true;
  }
  void close() {
    comma = true;
    if (copying.depth != depth) return;
    copying.depth = 0;
    record(copying.start);
  }

  bool on_key_part(boost::json::string_view part, std::size_t, error_code&) {
    pending_key.append(part);
    return true;
  }
  bool on_key(boost::json::string_view part, std::size_t, error_code& ec) {
    pending_key.append(part);
    if (++members > limits.members) {
      refusal = fmt::format("a report has at most {} members", limits.members);
      return refuse(ec);
    }
    if (names.size() > most_name_bytes) {
      refusal = fmt::format(
          "the names of this report's groups are too long: with them, its names "
          "are more than {} bytes",
          most_name_bytes);
      return refuse(ec);
    }
    if (copying.depth != 0) {
      separate();
      wire::append_quoted(text, pending_key);
      text += ':';
      comma = false;
    } else {
      key = pending_key;
    }
    pending_key.clear();
    return true;
  }
  bool on_string_part(boost::json::string_view part, std::size_t, error_code&) {
    pending.append(part);
    return true;
  }
  bool on_string(boost::json::string_view part, std::size_t, error_code& ec) {
    pending.append(part);
    const bool good = scalar(ec, [this] { wire::append_quoted(text, pending); });
    pending.clear();
    return good;
  }
  bool on_number_part(boost::json::string_view part, error_code&) {
    pending.append(part);
    return true;
  }
  bool number(boost::json::string_view part, error_code& ec) {
    pending.append(part);
    const bool good = scalar(ec, [this] { text += pending; });
    pending.clear();
    return good;
  }
  bool on_int64(std::int64_t, boost::json::string_view part, error_code& ec) {
    return number(part, ec);
  }
  bool on_uint64(std::uint64_t, boost::json::string_view part, error_code& ec) {
    return number(part, ec);
  }
  bool on_double(double value, boost::json::string_view part, error_code& ec) {
    copying.is_beyond = copying.is_beyond || !std::isfinite(value);
    return number(part, ec);
  }
  bool on_bool(bool value, error_code& ec) {
    return scalar(ec, [&] { text += value ? "true" : "false"; });
  }
  bool on_null(error_code& ec) {
    return scalar(ec, [this] { text += "null"; });
  }
  bool on_comment_part(boost::json::string_view, error_code&) { return true; }
  bool on_comment(boost::json::string_view, error_code&) { return true; }

  std::string pending;
  std::string pending_key;
};

struct ReportReader::Parser {
  explicit Parser(const ReportLimits& limits) : json(options_of(limits), limits) {}
  static boost::json::parse_options options_of(const ReportLimits& limits) {
    boost::json::parse_options options;
    options.max_depth = limits.depth + 1;  // so that our own check, with its message, comes first
    return options;
  }
  boost::json::basic_parser<Handler> json;
};

ReportReader::ReportReader(const ReportLimits& limits)
    : parser_(std::make_unique<Parser>(limits)) {}
ReportReader::~ReportReader() = default;

Status ReportReader::read(const Layout& layout, std::string_view payload) {
  envelope_.clear();
  body_.clear();
  kind_.reset();
  if (++reads_ == 0) {
    std::ranges::fill(mentions_, 0);
    reads_ = 1;
  }
  const ReportLimits& limits = parser_->json.handler().limits;
  if (payload.size() > limits.bytes) {
    return fail(ErrorCode::kMalformed, fmt::format("a report has {} bytes: at most {} are accepted",
                                                   payload.size(), limits.bytes));
  }
  std::size_t kind = 0;
  if (compact_.read(layout, limits, payload, envelope_, body_, kind)) {
    kind_ = kind;
    return {};
  }
  return parse(layout, payload);
}

Status ReportReader::parse(const Layout& layout, std::string_view payload) {
  envelope_.clear();
  body_.clear();
  auto& json = parser_->json;
  Handler& handler = json.handler();
  json.reset();
  handler.reset(layout, payload.size());
  boost::system::error_code ec;
  const std::size_t used = json.write_some(false, payload.data(), payload.size(), ec);
  handler.pending.clear();
  handler.pending_key.clear();
  if (ec && !handler.refusal.empty()) return fail(ErrorCode::kMalformed, handler.refusal);
  if (ec) {
    return fail(ErrorCode::kMalformed,
                handler.is_object ? fmt::format("not JSON at byte {}: {}", used, ec.message())
                                  : std::string("a report must be a JSON object"));
  }
  if (payload.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    return fail(ErrorCode::kMalformed, fmt::format("text after the JSON at byte {}", used));
  }
  const std::string_view names = handler.names;
  const std::string_view text = handler.text;
  const auto fill = [&](const std::vector<Span>& spans, std::vector<Member>& members) {
    for (const Span& span : spans) {
      members.push_back({.name = names.substr(span.name, span.name_size),
                         .text = text.substr(span.text, span.text_size)});
    }
  };
  fill(handler.envelope, envelope_);
  fill(handler.has_body ? handler.body : handler.envelope, body_);
  return {};
}

std::string_view ReportReader::prefix(const Layout& layout) {
  // Without an envelope, members of the body tell reports apart.
  const bool has_envelope = !layout.family->messages.report_body.empty() || !envelope_.empty();
  if (!kind_) kind_ = layout.kind_of(has_envelope ? envelope_ : body_);
  if (*kind_ == layout.envelopes.size()) return {};
  const Layout::Envelope& envelope = layout.envelopes[*kind_];
  if (envelope.module.empty()) return envelope.prefix;
  const std::string_view sn = module_of(envelope);
  if (sn.empty() || names_modules(envelope, sn)) return envelope.prefix;
  return prefix_.assign(envelope.prefix).append(sn).append(1, '.');
}

std::string_view ReportReader::quota_name(const Layout& layout, std::string_view prefix,
                                          std::string_view name) {
  if (prefix.empty()) return name;
  quota_name_.assign(prefix).append(name);
  const bool is_full = name.starts_with(prefix) && !layout.index.contains(quota_name_);
  return is_full ? name : std::string_view(quota_name_);
}

bool ReportReader::mention(std::size_t slot) {
  if (slot >= mentions_.size()) mentions_.resize(slot + 1, 0);
  return std::exchange(mentions_[slot], reads_) != reads_;
}

// The module's serial number. Empty: the envelope names no module, or its text cannot be part of a
// quota's name.
std::string_view ReportReader::module_of(const Layout::Envelope& envelope) const {
  const auto member = std::ranges::find(envelope_, envelope.module, &Member::name);
  if (member == envelope_.end() || !member->text.starts_with('"')) return {};
  const std::string_view sn = member->text.substr(1, member->text.size() - 2);
  return sn.size() > kLongestSerial || sn.find_first_of(".*\\") != std::string_view::npos
             ? std::string_view()
             : sn;
}

// Whether the body is {serial number: {fields}} for one or several modules, as some devices send
// it, and not the fields of the envelope's module. One known field name decides.
bool ReportReader::names_modules(const Layout::Envelope& envelope, std::string_view sn) const {
  bool named = false;
  for (const Member& member : body_) {
    const std::size_t dot = member.name.find('.');
    if (dot == std::string_view::npos || envelope.module_fields.contains(member.name)) return false;
    const std::string_view head = member.name.substr(0, dot);
    if (envelope.module_groups.contains(head)) return false;
    named = named || head == sn || envelope.module_fields.contains(member.name.substr(dot + 1)) ||
            member.name.starts_with(envelope.prefix);
  }
  return named;
}

}  // namespace gridloom::twin
