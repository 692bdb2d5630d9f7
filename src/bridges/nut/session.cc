#include "bridges/nut/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"

namespace gridloom::bridges::nut {

std::optional<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool in_quotes = false;
  bool in_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char each = line[i];
    if (!in_quotes && (each == ' ' || each == '\t' || each == '\r')) {
      in_word = false;
      continue;
    }
    if (!in_word) {
      if (words.size() == kMaxWords) return std::nullopt;
      words.emplace_back();
      in_word = true;
    }
    if (each == '"') {
      in_quotes = !in_quotes;
    } else if (each == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += each;
    }
  }
  return in_quotes ? std::nullopt : std::optional(std::move(words));
}

std::string quoted_word(std::string_view text) {
  std::string word = "\"";
  for (const char each : printable(text)) {
    if (each == '"' || each == '\\') word += '\\';
    word += each;
  }
  return word += '"';
}

namespace {

constexpr int kMaxRefused = 3;
constexpr std::string_view kVersion = "Gridloom - a server of the protocol of Network UPS Tools";
constexpr std::string_view kProtocol = "1.3";
constexpr std::string_view kHelp =
    "Commands: HELP VER NETVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD PRIMARY FSD "
    "STARTTLS";
constexpr std::string_view kStatus = "ups.status";
constexpr std::string_view kSignIn = journal::audit_kind("sign-in");
constexpr std::string_view kPrimary = journal::audit_kind("ups.primary");
constexpr std::string_view kShutdown = journal::audit_kind("ups.shutdown");

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
}

}  // namespace

// --- what connections share

bool Clients::is_right(std::string_view user, std::string_view password) const {
  const bool is_user = equal_in_constant_time(options_.user, user);
  return options_.password.matches(password) && is_user && !options_.user.empty();
}

std::string_view Clients::why_refused(const Attempt& attempt) const {
  // Not the name that a client of another listener has.
  const std::string name = fmt::format("{}\n{}", options_.name, attempt.user);
  FailureBudget* const failures = options_.failures;
  std::string_view why;
  if (failures != nullptr && failures->wait(attempt.address, name, attempt.now)) {
    why = "too many sign-ins from this address were refused";
  } else if (is_right(attempt.user, attempt.password)) {
    if (failures != nullptr) failures->succeeded(attempt.address, name, attempt.now);
    return {};
  } else {
    if (failures != nullptr) failures->failed(attempt.address, name, attempt.now);
    why = "wrong user or password";
  }
  health().add_to_figure("refused");
  record({.what = attempt.what, .from = attempt.address, .refused = why});
  return why;
}

void Clients::record(hub::AccessEvent event) const {
  if (!options_.audit) return;
  event.through = "nut";
  event.by = options_.name;
  options_.audit(event);
}

void Clients::logout(const std::string& sn, const std::string& address) {
  const auto [begin, end] = logins_.equal_range(sn);
  const auto found =
      std::find_if(begin, end, [&](const auto& row) { return row.second == address; });
  if (found != end) logins_.erase(found);
}

std::vector<std::string> Clients::clients_of(const std::string& sn) const {
  std::vector<std::string> addresses;
  const auto [begin, end] = logins_.equal_range(sn);
  for (auto each = begin; each != end; ++each) addresses.push_back(each->second);
  return addresses;
}

void Clients::force_shutdown(const std::string& sn, TimePoint now) {
  shutdowns_.insert_or_assign(sn, now);
}

bool Clients::is_shutdown_forced(const std::string& sn, TimePoint now) const {
  const auto found = shutdowns_.find(sn);
  return found != shutdowns_.end() && now - found->second < kForcedShutdown;
}

// --- a connection

Session::Session(net::ConnectionContext context, Clients& clients, TimePoint now)
    : context_(std::move(context)), clients_(clients), heard_(now) {}

void Session::receive(std::string_view bytes, TimePoint now) {
  if (is_finished_) return;
  heard_ = now;
  in_ += bytes;
  work();
}

bool Session::has_work() const { return !is_finished_ && in_.contains('\n'); }

void Session::work() {
  for (std::size_t i = 0; i < kLinesPerTurn && has_work(); ++i) {
    const std::size_t end = in_.find('\n');
    if (end > kMaxLine) break;
    const auto words = words_of(std::string_view(in_).substr(0, end));
    in_.erase(0, end + 1);
    clients_.health().count_in();
    if (words) {
      answer(*words);
    } else {
      error("INVALID-ARGUMENT");
    }
  }
  if (is_finished_ || in_.find('\n') <= kMaxLine || in_.size() <= kMaxLine) return;
  error("INVALID-ARGUMENT");
  is_finished_ = true;  // the line is too long, and may have no end
}

void Session::take_output(std::string& out) { out += std::exchange(out_, {}); }

void Session::tick(TimePoint now) {
  if (now - heard_ > kIdle) is_finished_ = true;
}

void Session::lost() {
  if (!login_.empty()) clients_.logout(std::exchange(login_, {}), context_.peer);
}

void Session::error(std::string_view code) { out_ += fmt::format("ERR {}\n", code); }

void Session::answer(const Words& words) {
  const std::string_view command = words.empty() ? std::string_view() : words.front();
  if (command == "GET") {
    get(words);
  } else if (command == "LIST") {
    list(words);
  } else if (command == "USERNAME") {
    take_credential(words, credentials_.user);
  } else if (command == "PASSWORD") {
    take_credential(words, credentials_.password);
  } else if (command == "LOGIN") {
    sign_in(words);
  } else if (command == "PRIMARY" || command == "MASTER") {
    become_primary(words);
  } else if (command == "FSD") {
    force_shutdown(words);
  } else if (command == "LOGOUT") {
    out_ += "OK Goodbye\n";
    is_finished_ = true;
  } else if (command == "VER") {
    out_ += fmt::format("{}\n", kVersion);
  } else if (command == "NETVER" || command == "PROTVER") {
    out_ += fmt::format("{}\n", kProtocol);
  } else if (command == "HELP") {
    out_ += fmt::format("{}\n", kHelp);
  } else if (command == "STARTTLS") {
    error("FEATURE-NOT-CONFIGURED");
  } else if (command == "SET") {
    error("READONLY");
  } else if (command == "INSTCMD") {
    error("CMD-NOT-SUPPORTED");
  } else {
    error("UNKNOWN-COMMAND");
  }
}

std::shared_ptr<const Ups> Session::find(std::string_view name) {
  const auto all = clients_.board().all();
  const auto found = all->find(name);
  if (found != all->end()) return found->second;
  error("UNKNOWN-UPS");
  return nullptr;
}

std::shared_ptr<const Ups> Session::find_fresh(std::string_view name) {
  auto ups = find(name);
  if (ups == nullptr || !ups->is_stale) return ups;
  error("DATA-STALE");
  return nullptr;
}

std::string Session::value_of(const Ups& ups, std::string_view variable) const {
  const auto found = ups.variables.find(variable);
  if (found == ups.variables.end()) return {};
  const bool is_forced = variable == kStatus && clients_.is_shutdown_forced(ups.sn, heard_);
  return is_forced ? "FSD " + found->second : found->second;
}

void Session::get(const Words& words) {
  const std::string_view what = words.size() > 1 ? std::string_view(words[1]) : std::string_view();
  const std::size_t size = words.size();
  if (what == "TRACKING") {
    out_ += "OFF\n";
  } else if (what == "NUMLOGINS" && size == 3) {
    const auto ups = find(words[2]);
    if (ups == nullptr) return;
    out_ += fmt::format("NUMLOGINS {} {}\n", words[2], clients_.clients_of(ups->sn).size());
  } else if (what == "UPSDESC" && size == 3) {
    const auto ups = find(words[2]);
    if (ups != nullptr)
      out_ += fmt::format("UPSDESC {} {}\n", words[2], quoted_word(ups->description));
  } else if (what == "CMDDESC" && size == 4) {
    if (find(words[2]) != nullptr) error("CMD-NOT-SUPPORTED");
  } else if ((what == "VAR" || what == "TYPE" || what == "DESC") && size == 4) {
    get_of_variable(words);
  } else {
    error("INVALID-ARGUMENT");
  }
}

void Session::get_of_variable(const Words& words) {
  const std::string& what = words[1];
  const std::string& variable = words[3];
  const auto ups = what == "DESC" ? find(words[2]) : find_fresh(words[2]);
  if (ups == nullptr) return;
  if (what == "DESC") {
    const std::string_view text = description_of(variable);
    out_ += fmt::format("DESC {} {} {}\n", words[2], variable,
                        quoted_word(text.empty() ? "Description unavailable" : text));
    return;
  }
  const std::string value = value_of(*ups, variable);
  if (value.empty()) return error("VAR-NOT-SUPPORTED");
  if (what == "TYPE") {
    out_ += fmt::format("TYPE {} {} {}\n", words[2], variable,
                        is_number(value) ? "NUMBER" : "STRING:255");
  } else {
    out_ += fmt::format("VAR {} {} {}\n", words[2], variable, quoted_word(value));
  }
}

void Session::list(const Words& words) {
  const std::string_view what = words.size() > 1 ? std::string_view(words[1]) : std::string_view();
  const bool is_empty_of_ups = (what == "RW" || what == "CMD") && words.size() == 3;
  const bool is_empty_of_variable = (what == "ENUM" || what == "RANGE") && words.size() == 4;
  std::string subject(what);
  std::string rows;
  if (what == "UPS" && words.size() == 2) {
    for (const auto& [name, ups] : *clients_.board().all()) {
      if (name == ups->sn) rows += fmt::format("UPS {} {}\n", name, quoted_word(ups->description));
    }
  } else if (what == "VAR" && words.size() == 3) {
    const auto ups = find_fresh(words[2]);
    if (ups == nullptr) return;
    for (const auto& [variable, value] : ups->variables) {
      rows +=
          fmt::format("VAR {} {} {}\n", words[2], variable, quoted_word(value_of(*ups, variable)));
    }
  } else if (what == "CLIENT" && words.size() == 3) {
    const auto ups = find(words[2]);
    if (ups == nullptr) return;
    for (const std::string& address : clients_.clients_of(ups->sn)) {
      rows += fmt::format("CLIENT {} {}\n", words[2], address);
    }
  } else if (is_empty_of_ups || is_empty_of_variable) {
    if (find_fresh(words[2]) == nullptr) return;
  } else {
    return error("INVALID-ARGUMENT");
  }
  for (std::size_t i = 2; i < words.size(); ++i) subject += ' ' + words[i];
  out_ += fmt::format("BEGIN LIST {}\n{}END LIST {}\n", subject, rows, subject);
}

void Session::take_credential(const Words& words, std::optional<std::string>& credential) {
  if (words.size() != 2) return error("INVALID-ARGUMENT");
  if (credential) {
    return error(words.front() == "USERNAME" ? "ALREADY-SET-USERNAME" : "ALREADY-SET-PASSWORD");
  }
  credential = words[1];
  out_ += "OK\n";
}

bool Session::is_permitted(std::string_view what) {
  if (!credentials_.user) {
    error("USERNAME-REQUIRED");
    return false;
  }
  if (!credentials_.password) {
    error("PASSWORD-REQUIRED");
    return false;
  }
  if (!credentials_.is_right) {
    credentials_.is_right = clients_
                                .why_refused({.what = what,
                                              .user = *credentials_.user,
                                              .password = *credentials_.password,
                                              .address = context_.peer,
                                              .now = heard_})
                                .empty();
  }
  if (credentials_.is_right) return true;
  error("ACCESS-DENIED");
  is_finished_ = ++credentials_.refused == kMaxRefused;
  return false;
}

void Session::record(std::string_view what, const Ups& ups, std::string_view refused) const {
  clients_.record({.what = what,
                   .client = *credentials_.user,
                   .from = context_.peer,
                   .refused = refused,
                   .sn = ups.sn});
}

void Session::sign_in(const Words& words) {
  if (words.size() != 2) return error("INVALID-ARGUMENT");
  if (!login_.empty()) return error("ALREADY-LOGGED-IN");
  if (!is_permitted(kSignIn)) return;
  const auto ups = find_fresh(words[1]);
  if (ups == nullptr) return;
  login_ = ups->sn;
  record(kSignIn, *ups);
  clients_.login(login_, context_.peer);
  out_ += "OK\n";
}

void Session::become_primary(const Words& words) {
  if (words.size() != 2) return error("INVALID-ARGUMENT");
  if (!is_permitted(kPrimary)) return;
  const auto ups = find(words[1]);
  if (ups == nullptr) return;
  primary_of_ = ups->sn;
  record(kPrimary, *ups);
  out_ += fmt::format("OK {}-GRANTED\n", words.front());
}

void Session::force_shutdown(const Words& words) {
  if (words.size() != 2) return error("INVALID-ARGUMENT");
  if (!is_permitted(kShutdown)) return;
  const auto ups = find(words[1]);
  if (ups == nullptr) return;
  if (ups->sn != primary_of_) {
    record(kShutdown, *ups, "not the primary");
    return error("ACCESS-DENIED");
  }
  clients_.force_shutdown(ups->sn, heard_);
  record(kShutdown, *ups);
  out_ += "OK FSD-SET\n";
}

}  // namespace gridloom::bridges::nut
