// SPDX-License-Identifier: MIT
#include "agent/control/json_processes.hpp"

namespace tollgate::agent {

Json processes_json(const std::vector<ProcessStatus>& processes) {
    Json json = Json::array();
    for (const ProcessStatus& process : processes) {
        Json entry{{"name", process.name}, {"restarts", process.restarts}};
        if (process.pid != 0) {
            entry["pid"] = process.pid;
            entry["user"] = process.report.user;
            entry["ownUser"] = process.report.own_user;
            entry["systemCalls"] = process.profile;
            entry["landlock"] = process.report.landlock;
        }
        if (!process.last_end.empty()) {
            entry["lastEnd"] = process.last_end;
        }
        json.push_back(std::move(entry));
    }
    return json;
}

}  // namespace tollgate::agent
