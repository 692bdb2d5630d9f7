// The text layout of a family's report, prepared once for all its virtual devices, so that the
// parts that are the same in each message are not built again. Immutable: for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "sim/effects.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

class ReportText {
 public:
  // `module`: an index into the table's modules(), for a report about one module.
  ReportText(const FieldTable& table, const catalog::Report& report,
             std::size_t module = FieldTable::kNoModule);

  enum class Extent : std::uint8_t { kChanged, kFull };
  // Appends the message, from "{" to "}". False, with `out` unchanged, if there is nothing to
  // report.
  [[nodiscard]] bool append(std::string& out, const Fields& fields, Extent extent,
                            const Lookup& lookup) const;

 private:
  // A member of an object. In the envelope it is a text, the value of a "$name", the module's
  // serial number, or a nested object; in the body it is a field's value or a nested object.
  struct Member {
    std::string key;                // quoted, with its colon
    std::string text{};             // in the envelope: the value,
    std::string name{};             // or a name to be looked up
    std::size_t slot = kNoSlot;     // in the body
    std::vector<Member> members{};  // of a nested object
    bool is_body = false;
    bool is_module = false;
  };
  static constexpr std::size_t kNoSlot = SIZE_MAX;

  [[nodiscard]] static Member envelope_member(std::string_view key, const wire::Json& value);
  void append_envelope(std::string& out, const std::vector<Member>& members, const Fields& fields,
                       Extent extent, const Lookup& lookup) const;
  void add_to_body(std::string_view path, std::size_t slot, const catalog::Messages& messages);
  // An object is reported whole when any of its fields changed, because readers of reports replace
  // the previous object by the new one.
  [[nodiscard]] static bool says(const Member& member, const Fields& fields, Extent extent);
  static void append_body(std::string& out, const std::vector<Member>& members,
                          const Fields& fields, Extent extent);

  std::vector<Member> envelope_;
  std::vector<Member> body_;
  std::size_t module_ = FieldTable::kNoModule;
  bool only_full_ = false;
};

}  // namespace gridloom::sim
