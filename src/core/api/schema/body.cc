#include "api/schema/body.h"

namespace gridloom::api::schema {

void append_body(std::string& out, const Body& description, const void* body,
                 std::size_t first_member) {
  char before = '{';
  for (const Member& member : description.members.subspan(first_member)) {
    member.write(out, member, body, before);
  }
  out += before == '{' ? "{}" : "}";
}

void write_constant(std::string& out, const Member& self, const void* /*body*/, char& before) {
  out += std::exchange(before, ',');
  wire::append_quoted(out, self.name);
  out += ':';
  wire::append_quoted(out, self.type.name);
}

}  // namespace gridloom::api::schema
