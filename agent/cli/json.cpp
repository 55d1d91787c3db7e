// SPDX-License-Identifier: MIT
#include "agent/cli/json.hpp"

namespace tollgate::cli {
namespace {

const Json* find(const Json& object, const char* key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string text(const Json& object, const char* key, const char* fallback) {
    const Json* field = find(object, key);
    return field != nullptr && field->is_string() ? field->get<std::string>() : fallback;
}

std::uint64_t number(const Json& object, const char* key) {
    const Json* field = find(object, key);
    if (field == nullptr || !field->is_number()) {
        return 0;
    }
    if (field->is_number_unsigned()) {
        return field->get<std::uint64_t>();
    }
    const auto value = field->get<double>();
    return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

double real(const Json& object, const char* key) {
    const Json* field = find(object, key);
    return field != nullptr && field->is_number() ? field->get<double>() : 0;
}

bool flag(const Json& object, const char* key) {
    const Json* field = find(object, key);
    return field != nullptr && field->is_boolean() && field->get<bool>();
}

const Json& object(const Json& parent, const char* key) {
    static const Json kNone = Json::object();
    const Json* field = find(parent, key);
    return field != nullptr && field->is_object() ? *field : kNone;
}

const Json& list(const Json& parent, const char* key) {
    static const Json kNone = Json::array();
    const Json* field = find(parent, key);
    return field != nullptr && field->is_array() ? *field : kNone;
}

bool has(const Json& object, const char* key) {
    const Json* field = find(object, key);
    return field != nullptr && !field->is_null();
}

std::string joined(const Json& array, const char* separator) {
    std::string all;
    for (const Json& item : array) {
        if (item.is_string()) {
            all += (all.empty() ? "" : separator) + item.get<std::string>();
        }
    }
    return all;
}

Json envelope(const char* kind) {
    return Json{{"apiVersion", "tollgate/v1"}, {"kind", kind}};
}

}  // namespace tollgate::cli
