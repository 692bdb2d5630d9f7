// A virtual device: fields, a model, and the family's own way of talking. It speaks only the
// device's side of MQTT, as bytes: what it would publish comes out, what is published to it goes
// in.
//
// It has no socket and no clock, so a test runs days of it in a moment. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "sim/model.h"
#include "sim/report_text.h"
#include "sim/troubles.h"
#include "wire/json.h"

namespace gridloom::sim {

// What all virtual devices of a family share. Never changes: for any thread.
struct Kind {
  explicit Kind(const catalog::FamilyPtr& family);

  FieldTablePtr table;
  std::vector<ReportText> reports;
  bool tells_time = false;  // its reports have a time of their own
};
using KindPtr = std::shared_ptr<const Kind>;

// The serial number of the `number`th device that is made up of a family.
[[nodiscard]] std::string simulated_sn(const catalog::Family& family, std::size_t number);

class VirtualDevice {
 public:
  VirtualDevice(KindPtr kind, std::string sn, Chance chance, const Surroundings& around);

  // Has from now on the faults that were ordered for it and hold now, and no others. Call it before
  // what is below, while there are any, and once more when they are gone.
  void suffer(std::span<const FaultOrder> orders, TimePoint now);
  // Whether a fault keeps it from the network. It lives on.
  [[nodiscard]] bool cut_off() const { return cut_off_; }

  // To be published on /device/<sn>/<verb>.
  struct Message {
    std::string_view verb;  // "quota", "set_reply"
    std::string payload;
  };

  // On connect: everything is reported.
  void connected(const Surroundings& around, std::vector<Message>& out);
  // Time has passed: the model moves on,
  void move(const Surroundings& around);
  // and what changed, or once a minute everything, is reported.
  void step(const Surroundings& around, std::vector<Message>& out);
  // A message on the set topic. What it changed is reported before the reply, so that whoever reads
  // after the reply sees it.
  void on_set(std::string_view payload, const Surroundings& around, std::vector<Message>& out);

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const Kind& kind() const { return *kind_; }
  [[nodiscard]] const catalog::Family& family() const { return kind_->table->family(); }
  [[nodiscard]] const Fields& fields() const { return fields_; }
  [[nodiscard]] Balance balance() const { return model_->balance(); }

 private:
  using Extent = ReportText::Extent;

  struct Active {
    const catalog::Trouble* trouble;
    std::optional<double> value;
    friend bool operator==(const Active&, const Active&) = default;
  };
  [[nodiscard]] Surroundings felt(Surroundings around) const;
  void pin_fields();
  void write_numbers();
  void obey(std::string_view payload, const Surroundings& around, std::vector<Message>& out);
  void report(Extent extent, const Surroundings& around, std::vector<Message>& out);
  [[nodiscard]] std::string reply_to(const catalog::Command& command,
                                     const wire::JsonObject& request,
                                     const wire::JsonObject& params, const Outcome& outcome,
                                     const Surroundings& around);
  [[nodiscard]] std::optional<wire::Json> look_up(std::string_view name,
                                                  const wire::JsonObject& request,
                                                  const wire::JsonObject& params,
                                                  const Surroundings& around);
  [[nodiscard]] std::string refusal(const wire::JsonObject& request, std::string_view why) const;

  KindPtr kind_;
  std::string sn_;
  Fields fields_;
  std::unique_ptr<Model> model_;
  TimePoint started_;
  TimePoint stepped_;
  TimePoint reported_;                     // everything
  std::optional<Surroundings> unwritten_;  // of the last step, while the fields do not show it
  std::int64_t message_id_ = 0;
  Chance chance_;
  std::vector<Active> active_;
  std::vector<std::size_t> pinned_;  // slots
  bool cut_off_ = false;
  bool silent_ = false;   // does not reply
  bool mangles_ = false;  // reports
  std::uint64_t next_mangling_ = 0;
};

}  // namespace gridloom::sim
