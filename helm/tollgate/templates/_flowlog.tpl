{{/* SPDX-License-Identifier: MIT */}}
{{/* Secrets stay Secrets: the configuration names files, which the pod mounts. */}}
{{- define "tollgate.flowLog" -}}
{{- $http := .http -}}
{{- $sinks := list -}}
{{- range .sinks -}}
{{- $sink := deepCopy . -}}
{{- if and (eq .type "http") $http.tokenSecret.name -}}
{{- $_ := set $sink "tokenFile" "/etc/tollgate/flow-log/token" -}}
{{- end -}}
{{- if and (eq .type "http") $http.caConfigMap.name -}}
{{- $_ := set $sink "caFile" "/etc/tollgate/flow-log/ca.crt" -}}
{{- end -}}
{{- $sinks = append $sinks $sink -}}
{{- end -}}
interval: {{ .interval }}
events: {{ toJson .events }}
sinks:
  {{- toYaml $sinks | nindent 2 }}
{{- end -}}

{{/* The URL of the http sink, empty if there is none. */}}
{{- define "tollgate.httpSink" -}}
{{- if .Values.flowLog.enabled -}}
{{- range .Values.flowLog.sinks }}{{ if eq .type "http" }}{{ .url }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* By subPath: the agent refuses a token in anything but a regular file. */}}
{{- define "tollgate.flowLogMounts" -}}
{{- with .Values.flowLog.http.tokenSecret }}
{{- if .name }}
- {name: flow-log-token, mountPath: /etc/tollgate/flow-log/token, subPath: {{ .key }}, readOnly: true}
{{- end }}
{{- end }}
{{- with .Values.flowLog.http.caConfigMap }}
{{- if .name }}
- {name: flow-log-ca, mountPath: /etc/tollgate/flow-log/ca.crt, subPath: {{ .key }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "tollgate.flowLogVolumes" -}}
{{- with .Values.flowLog.http.tokenSecret }}
{{- if .name }}
- name: flow-log-token
  secret: {secretName: {{ .name }}, defaultMode: 256}  # 0400
{{- end }}
{{- end }}
{{- with .Values.flowLog.http.caConfigMap }}
{{- if .name }}
- name: flow-log-ca
  configMap: {name: {{ .name }}}
{{- end }}
{{- end }}
{{- end -}}
