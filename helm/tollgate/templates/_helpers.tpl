{{/* SPDX-License-Identifier: MIT */}}
{{- define "tollgate.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "tollgate.fullname" -}}
{{- $name := include "tollgate.name" . -}}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $both | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "tollgate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tollgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "tollgate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "tollgate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "tollgate.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{/*
What every container of the chart may do: nothing more, in any mode. PERFMON, because without it the
verifier refuses packet pointers with an offset that it does not know (Spectre v1).
*/}}
{{- define "tollgate.securityContext" -}}
runAsUser: 0
runAsGroup: 0
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  add: [BPF, PERFMON, NET_ADMIN, NET_RAW, IPC_LOCK]
seccompProfile:
  type: RuntimeDefault
{{- /* The default profiles of container runtimes deny writes below /sys/fs/bpf. */}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}
appArmorProfile:
  type: Unconfined
{{- end }}
{{- end -}}

{{- define "tollgate.configMapOfPolicy" -}}
{{- .Values.policy.existingConfigMap | default (printf "%s-policy" (include "tollgate.fullname" .)) -}}
{{- end -}}

{{/* Values that go together in ways the schema cannot say. */}}
{{- define "tollgate.check" -}}
{{- if and .Values.tunnel.tunnels (not .Values.tunnel.existingSecret) -}}
{{- fail "tunnel.tunnels needs tunnel.existingSecret: a Secret with the key NAME.key of each tunnel" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.service.enabled) -}}
{{- fail "serviceMonitor.enabled needs service.enabled" -}}
{{- end -}}
{{- if and (not .Values.metrics.enabled) (or .Values.service.enabled .Values.podMonitor.enabled .Values.metrics.allowFrom) -}}
{{- fail "service, podMonitor and metrics.allowFrom need metrics.enabled" -}}
{{- end -}}
{{- $files := .Values.flowLog.http -}}
{{- if and (or $files.tokenSecret.name $files.caConfigMap.name) (not (include "tollgate.httpSink" .)) -}}
{{- fail "flowLog.http needs flowLog.enabled and a sink of the type http" -}}
{{- end -}}
{{- if and (hasPrefix "https:" (include "tollgate.httpSink" .)) (not $files.caConfigMap.name) -}}
{{- fail "a sink with an https URL needs flowLog.http.caConfigMap: the image trusts nobody by itself" -}}
{{- end -}}
{{- $policy := .Values.policy -}}
{{- if and $policy.existingConfigMap (or $policy.groups $policy.failsafe $policy.allow $policy.deny $policy.baseline) -}}
{{- fail "policy.existingConfigMap is the whole policy: the rules, groups and baseline of the chart's values would be ignored" -}}
{{- end -}}
{{- if and $policy.existingConfigMap .Values.metrics.allowFrom -}}
{{- fail "metrics.allowFrom becomes a rule of the chart's policy: with policy.existingConfigMap, write that rule there" -}}
{{- end -}}
{{- $kubernetes := .Values.failsafe.kubernetes -}}
{{- if and $policy.existingConfigMap (or $kubernetes.remotes (ne $kubernetes.cni "auto")) -}}
{{- fail "failsafe.kubernetes becomes rules of the chart's policy: with policy.existingConfigMap, write those rules there" -}}
{{- end -}}
{{- if and $policy.existingConfigMap (ne .Values.mode "learn") -}}
{{- fail "the mode of policy.existingConfigMap is in its policy.yaml: leave mode alone" -}}
{{- end -}}
{{- end -}}

{{- define "tollgate.config" -}}
apiVersion: tollgate/v1
kind: Agent
interfaces: {{ toJson .Values.interfaces }}
policy: /etc/tollgate/policy/policy.yaml
policyWatch: apply
xdpMode: {{ .Values.xdpMode }}
logLevel: {{ .Values.logLevel }}
{{- with .Values.tunnel.tunnels }}
tunnels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.flowLog.enabled }}
flowLog:
  {{- include "tollgate.flowLog" .Values.flowLog | nindent 2 }}
{{- end }}
{{- end -}}
