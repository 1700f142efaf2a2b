{{- define "traefik.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Name of everything: the release's, with the chart's unless it says it already. */ -}}
{{- define "traefik.fullname" -}}
{{- $name := include "traefik.name" . }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "traefik.service" -}}
{{ .Values.service.nameOverride | default (include "traefik.fullname" .) }}
{{- end }}

{{- define "traefik.class" -}}
{{ .Values.ingressClass.name | default (include "traefik.fullname" .) }}
{{- end }}

{{- define "traefik.image" -}}
{{- $name := printf "%s/%s" .Values.image.registry .Values.image.repository }}
{{- if .Values.image.digest }}{{ $name }}@{{ .Values.image.digest }}
{{- else }}{{ $name }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* The instance is release and namespace, as in the official chart. */ -}}
{{- define "traefik.selector" -}}
app.kubernetes.io/name: {{ include "traefik.name" . }}
app.kubernetes.io/instance: {{ .Values.instanceLabelOverride | default (printf "%s-%s" .Release.Name .Release.Namespace) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "traefik.labels" -}}
{{ include "traefik.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
