{{/* SPDX-License-Identifier: MIT */}}
{{/* Ports of overlays, health checks and routing between nodes, as `both directions` rules. */}}
{{- define "tollgate.cniPorts" -}}
cilium: [tcp/4240, tcp/4244, udp/6081, udp/8472, udp/51871]
calico: [tcp/179, tcp/5473, udp/4789, udp/51820-51821]
flannel: [udp/8472, udp/51820-51821]
{{- end -}}

{{/* One failsafe rule. Arguments: name, direction, ports or protocols, remote (may be empty). */}}
{{- define "tollgate.rule" -}}
- name: {{ .name }}
  direction: {{ .direction }}
  {{- with .remote }}
  remote: {{ toJson . }}
  {{- end }}
  {{- with .ports }}
  ports: {{ toJson . }}
  {{- end }}
  {{- with .protocols }}
  protocols: {{ toJson . }}
  {{- end }}
{{ end -}}

{{/* The rules that keep a node in its cluster, a YAML list. */}}
{{- define "tollgate.kubernetesRules" -}}
{{- $kubernetes := .Values.failsafe.kubernetes -}}
{{- $remote := $kubernetes.remotes -}}
{{- $api := list -}}
{{- range $kubernetes.apiServerPorts }}{{ $api = append $api (printf "tcp/%d" (int .)) }}{{ end -}}
{{- /* On 443 are load balancers and the API servers of providers, which are no nodes; unless there is no other port. */}}
{{- $served := without $api "tcp/443" | default $api -}}
{{- $cni := fromYaml (include "tollgate.cniPorts" .) -}}
{{- $ports := list -}}
{{- if eq $kubernetes.cni "auto" -}}
{{- $ports = uniq (concat $cni.cilium $cni.calico $cni.flannel) -}}
{{- else if ne $kubernetes.cni "none" -}}
{{- $ports = get $cni $kubernetes.cni -}}
{{- end -}}
{{- include "tollgate.rule" (dict "name" "kubernetes-kubelet" "direction" "ingress" "remote" $remote "ports" (list "tcp/10250")) -}}
{{- /* The API server, which may be on this node, and metrics-server dial the kubelets of other nodes. */}}
{{- include "tollgate.rule" (dict "name" "kubernetes-kubelet-out" "direction" "egress" "remote" $remote "ports" (list "tcp/10250")) -}}
{{- include "tollgate.rule" (dict "name" "kubernetes-api-in" "direction" "ingress" "remote" $remote "ports" $served) -}}
{{- include "tollgate.rule" (dict "name" "kubernetes-api-out" "direction" "egress" "remote" $remote "ports" $api) -}}
{{- range $direction := list "ingress" "egress" -}}
{{- include "tollgate.rule" (dict "name" (printf "kubernetes-etcd-%s" $direction) "direction" $direction "remote" $remote "ports" (list "tcp/2379-2380")) -}}
{{- end -}}
{{- include "tollgate.rule" (dict "name" "kubernetes-dns" "direction" "egress" "remote" $remote "ports" (list "udp/53" "tcp/53")) -}}
{{- if $ports -}}
{{- range $direction := list "ingress" "egress" -}}
{{- include "tollgate.rule" (dict "name" (printf "kubernetes-cni-%s" $direction) "direction" $direction "remote" $remote "ports" $ports) -}}
{{- if has $kubernetes.cni (list "auto" "calico") -}}
{{- include "tollgate.rule" (dict "name" (printf "kubernetes-ipip-%s" $direction) "direction" $direction "remote" $remote "protocols" (list "ipip")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "tollgate.policy" -}}
{{- $policy := .Values.policy -}}
{{- $failsafe := list -}}
{{- if .Values.failsafe.kubernetes.enabled -}}
{{- $failsafe = fromYamlArray (include "tollgate.kubernetesRules" .) -}}
{{- end -}}
{{- if .Values.metrics.allowFrom -}}
{{- $scrape := dict "name" "tollgate-metrics" "direction" "ingress" "remote" .Values.metrics.allowFrom "ports" (list (printf "tcp/%d" (int .Values.metrics.port))) -}}
{{- $failsafe = concat $failsafe (fromYamlArray (include "tollgate.rule" $scrape)) -}}
{{- end -}}
apiVersion: tollgate/v1
kind: Policy
metadata:
  name: {{ include "tollgate.fullname" . }}
spec:
  mode: {{ .Values.mode }}
  default:
    ingress: {{ $policy.default.ingress }}
    egress: {{ $policy.default.egress }}
  {{- with $policy.baseline }}
  baseline:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $policy.groups }}
  groups:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat $failsafe $policy.failsafe }}
  failsafe:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $policy.allow }}
  allow:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $policy.deny }}
  deny:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
