// SPDX-License-Identifier: MIT
#include "agent/control/process_metrics.hpp"

namespace tollgate::agent {

void add_processes(const std::vector<ProcessStatus>& processes, MetricsPage& page) {
    for (const ProcessStatus& process : processes) {
        const bool runs = process.pid != 0;
        page.add(Metric::process_up, {{"process", process.name}}, runs ? 1.0 : 0.0);
        page.add(Metric::process_restarts, {{"process", process.name}}, process.restarts);
        if (runs) {
            page.add(Metric::sandbox_landlock,
                     {{"process", process.name}},
                     std::uint64_t{process.report.landlock});
        }
    }
}

}  // namespace tollgate::agent
