#include "hub/platform/turn_writer.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "journal/turn.h"

namespace gridloom::hub {
namespace {

using journal::RecordKind;

// The changes of one publication are never split.
constexpr std::size_t kMaxBytes = std::size_t{1024} * 1024;

}  // namespace

TurnWriter::TurnWriter(Platform& platform, std::function<void(std::uint64_t record)> durable)
    : platform_(platform), durable_(std::move(durable)) {}

std::uint64_t TurnWriter::add_report(const Report& report) {
  if (platform_.journal == nullptr) return 0;
  reports_.begin(report.device, unix_ms(report.at));
  std::string buffer;
  for (const twin::AcceptedValue& value : report.values) {
    const std::string& name = report.twin.name_of(value.slot);
    const std::string_view text = twin::meant(report.twin, value.slot, value.text, buffer);
    if (value.slot < report.refs.size()) {
      reports_.add(report.refs[value.slot], name, text);
    } else {
      reports_.add(name, text);
    }
  }
  if (report.may_repeat) reports_.add(journal::kResent, "1");
  reports_.end();
  ++waiters_;
  return appended_ + 1;
}

void TurnWriter::add_presence(DeviceNumber device, TimePoint at, bool online) {
  if (platform_.journal == nullptr) return;
  reports_.begin(device, unix_ms(at));
  reports_.add(journal::kPresence, online ? "1" : "0");
  reports_.end();
}

void TurnWriter::add_change(const SessionChange& change) {
  append_change(changes_, change);
  if (std::holds_alternative<PublicationTaken>(change)) ++waiters_;
}

std::uint64_t TurnWriter::add_audit(wire::JsonObject entry) {
  if (platform_.journal == nullptr) return 0;
  entry["at"] = unix_ms(platform_.clock.now());
  audit_.push_back(wire::to_text(entry));
  return last_record();
}

std::uint64_t TurnWriter::add_audit(const wire::JsonObject& entry, std::string_view message) {
  if (platform_.journal == nullptr) return 0;
  std::string text = wire::to_text(entry);
  text.back() = ',';
  text.append(R"("message":)").append(message);
  text += fmt::format(R"(,"at":{}}})", unix_ms(platform_.clock.now()));
  audit_.push_back(std::move(text));
  return last_record();
}

std::uint64_t TurnWriter::last_record() const {
  if (platform_.journal == nullptr) return 0;
  if (!audit_.empty()) return appended_ + 1 + audit_.size();
  return appended_ + (has_turn() ? 1 : 0);
}

bool TurnWriter::is_full() const { return bytes() >= kMaxBytes; }

void TurnWriter::append() {
  if (empty()) return;
  if (platform_.journal == nullptr) {
    waiters_ = 0;
    if (platform_.sessions) platform_.sessions->take(changes_);
    changes_.clear();
    return;
  }
  const bool has_turn = this->has_turn();
  appended_ = last_record();
  // When the last of them is durable, all are.
  Task durable = [durable = &durable_, record = appended_] { (*durable)(record); };
  std::vector<std::string> audit = std::exchange(audit_, {});
  for (std::string& entry : audit) {
    const bool is_last = !has_turn && &entry == &audit.back();
    platform_.journal->append(RecordKind::kAudit, std::move(entry),
                              is_last ? std::exchange(durable, {}) : Task(), 1);
  }
  if (has_turn) append_turn(std::move(durable));
}

void TurnWriter::append_turn(Task durable) {
  const std::size_t waiters = std::exchange(waiters_, 0);
  std::string reports = reports_.empty() ? std::string() : reports_.take();
  if (changes_.empty()) {
    platform_.journal->append(RecordKind::kReports, std::move(reports), std::move(durable),
                              waiters);
    return;
  }
  platform_.journal->append(
      RecordKind::kTurn,
      journal::make_turn({.batch = reports, .session_changes = std::exchange(changes_, {})}),
      std::move(durable), waiters);
}

}  // namespace gridloom::hub
